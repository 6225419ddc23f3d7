"""Names this room to Django."""

from django.apps import AppConfig


class ServingConfig(AppConfig):
    name = "generation.serving"
    label = "serving"
    default_auto_field = "django.db.models.BigAutoField"
