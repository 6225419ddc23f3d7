"""Names this room to Django."""

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "portal.partners"
    label = "partners"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Extensions of the API's description register themselves when they are imported."""
        from portal.partners import description

        assert description.ClientCredentials.name
