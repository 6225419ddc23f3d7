"""Names this room to Django."""

from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "licensing.subscriptions"
    label = "subscriptions"
    default_auto_field = "django.db.models.BigAutoField"
