"""Names this room to Django."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "licensing.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
