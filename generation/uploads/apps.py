"""Names this room to Django."""

from django.apps import AppConfig


class UploadsConfig(AppConfig):
    name = "generation.uploads"
    label = "uploads"
    default_auto_field = "django.db.models.BigAutoField"
