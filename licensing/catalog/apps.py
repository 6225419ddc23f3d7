"""Names this room to Django."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "licensing.catalog"
    label = "catalog"
    default_auto_field = "django.db.models.BigAutoField"
