"""Names this room to Django."""

from django.apps import AppConfig
from django.core.checks import register


class ServingConfig(AppConfig):
    name = "generation.serving"
    label = "serving"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from generation.serving import checks

        register(checks.check_external_net)
