"""Names this room to Django."""

from django.apps import AppConfig


class ArtistsConfig(AppConfig):
    name = "portal.artists"
    label = "artists"
    default_auto_field = "django.db.models.BigAutoField"
