"""Names this room to Django."""

from django.apps import AppConfig


class ClearanceConfig(AppConfig):
    name = "licensing.clearance"
    label = "clearance"
    default_auto_field = "django.db.models.BigAutoField"
