"""Names this room to Django."""

from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "generation.work"
    label = "work"
    default_auto_field = "django.db.models.BigAutoField"
