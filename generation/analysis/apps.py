"""Names this room to Django."""

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "generation.analysis"
    label = "analysis"
    default_auto_field = "django.db.models.BigAutoField"
