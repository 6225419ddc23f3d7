"""Names this room to Django."""

from django.apps import AppConfig


class TasteConfig(AppConfig):
    name = "generation.taste"
    label = "taste"
    default_auto_field = "django.db.models.BigAutoField"
