"""Names this room to Django."""

from django.apps import AppConfig


class DeductionsConfig(AppConfig):
    name = "licensing.deductions"
    label = "deductions"
    default_auto_field = "django.db.models.BigAutoField"
