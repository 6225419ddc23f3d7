"""An offer is never changed, and the first one: 9.99 EUR a month, everywhere."""

from datetime import UTC, datetime

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from licensing.audit.append_only import refuse_changes


def add_first_offer(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("subscriptions", "Offer").objects.create(
        product="listening",
        country="",
        currency="EUR",
        price_minor=999,
        effective_from=datetime(2020, 1, 1, tzinfo=UTC),
    )


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_who_subscribes"), ("audit", "0001_initial")]

    operations = [
        migrations.RunPython(add_first_offer, migrations.RunPython.noop),
        refuse_changes("subscriptions_offer"),
    ]
