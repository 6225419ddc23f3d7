"""Names this room to Django."""

from django.apps import AppConfig


class VariationsConfig(AppConfig):
    name = "generation.variations"
    label = "variations"
    default_auto_field = "django.db.models.BigAutoField"
