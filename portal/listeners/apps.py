"""Names this room to Django."""

from django.apps import AppConfig


class ListenersConfig(AppConfig):
    name = "portal.listeners"
    label = "listeners"
    default_auto_field = "django.db.models.BigAutoField"
