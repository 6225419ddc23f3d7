"""Names this room to Django."""

from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    name = "licensing.releases"
    label = "releases"
    default_auto_field = "django.db.models.BigAutoField"
