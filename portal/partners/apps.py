"""Names this room to Django."""

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "portal.partners"
    label = "partners"
    default_auto_field = "django.db.models.BigAutoField"
