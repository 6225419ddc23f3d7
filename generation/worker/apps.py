"""Names this room to Django, which finds its commands by that."""

from django.apps import AppConfig


class WorkerConfig(AppConfig):
    name = "generation.worker"
    label = "worker"
    default_auto_field = "django.db.models.BigAutoField"
