"""Names this room to Django."""

from django.apps import AppConfig


class RoyaltiesConfig(AppConfig):
    name = "licensing.royalties"
    label = "royalties"
    default_auto_field = "django.db.models.BigAutoField"
