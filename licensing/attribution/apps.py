"""Names this room to Django."""

from django.apps import AppConfig


class AttributionConfig(AppConfig):
    name = "licensing.attribution"
    label = "attribution"
    default_auto_field = "django.db.models.BigAutoField"
