"""Names this room to Django."""

from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    name = "licensing.payouts"
    label = "payouts"
    default_auto_field = "django.db.models.BigAutoField"
