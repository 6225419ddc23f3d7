"""What a close has written is never changed; and the first rate card, half master half publishing."""

from datetime import UTC, datetime

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from licensing.audit.append_only import refuse_changes


def add_first_card(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("royalties", "RateCard").objects.create(
        product="listening",
        effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        model="USER_CENTRIC",
        master_ppm=500_000,
        publishing_ppm=500_000,
        currency="EUR",
    )


class Migration(migrations.Migration):
    dependencies = [("royalties", "0001_initial"), ("audit", "0001_initial")]

    operations = [
        migrations.RunPython(add_first_card, migrations.RunPython.noop),
        refuse_changes("royalties_ratecard"),
        refuse_changes("royalties_period"),
        refuse_changes("royalties_variationsum"),
        refuse_changes("royalties_statement"),
        refuse_changes("royalties_statementline"),
    ]
