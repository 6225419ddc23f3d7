"""Names this face to Django."""

from django.apps import AppConfig


class VerifyConfig(AppConfig):
    name = "portal.verify"
    label = "verify"
    default_auto_field = "django.db.models.BigAutoField"
