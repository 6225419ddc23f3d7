"""Names this room to Django."""

from django.apps import AppConfig


class CorrectionsConfig(AppConfig):
    name = "licensing.corrections"
    label = "corrections"
    default_auto_field = "django.db.models.BigAutoField"
