"""Names this room to Django."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "generation.sessions"
    label = "live_sessions"
    default_auto_field = "django.db.models.BigAutoField"
