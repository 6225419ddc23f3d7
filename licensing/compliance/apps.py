"""Names this room to Django."""

from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "licensing.compliance"
    label = "compliance"
    default_auto_field = "django.db.models.BigAutoField"
