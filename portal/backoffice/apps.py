"""Names this room to Django."""

from django.apps import AppConfig


class BackofficeConfig(AppConfig):
    name = "portal.backoffice"
    label = "backoffice"
    default_auto_field = "django.db.models.BigAutoField"
