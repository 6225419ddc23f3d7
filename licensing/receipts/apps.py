"""Names this room to Django."""

from django.apps import AppConfig


class ReceiptsConfig(AppConfig):
    name = "licensing.receipts"
    label = "receipts"
    default_auto_field = "django.db.models.BigAutoField"
