"""Names this room to Django."""

from django.apps import AppConfig


class InvoicingConfig(AppConfig):
    name = "licensing.invoicing"
    label = "invoicing"
    default_auto_field = "django.db.models.BigAutoField"
