"""Receipts are only ever added; and the first terms: 30 % commission, 19 % VAT in Germany."""

from datetime import UTC, datetime

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from licensing.audit.append_only import refuse_changes

FIRST = [("", 0, 300_000), ("DE", 190_000, 300_000)]


def add_first_terms(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    terms = apps.get_model("receipts", "ProductTerms")
    for country, tax_ppm, commission_ppm in FIRST:
        terms.objects.create(
            product="listening",
            country=country,
            effective_from=datetime(2020, 1, 1, tzinfo=UTC),
            tax_ppm=tax_ppm,
            commission_ppm=commission_ppm,
        )


class Migration(migrations.Migration):
    dependencies = [("receipts", "0001_initial"), ("audit", "0001_initial")]

    operations = [
        migrations.RunPython(add_first_terms, migrations.RunPython.noop),
        refuse_changes("receipts_productterms"),
        refuse_changes("receipts_receipt"),
        refuse_changes("receipts_poolpart"),
    ]
