"""What a close's sums name is looked up once per statement, and references are asked by value."""

import django.db.models.deletion
from django.db import migrations, models

from licensing.audit.kept_references import ask_by_value, keep_references

PROTECT = django.db.models.deletion.PROTECT


class Migration(migrations.Migration):
    dependencies = [
        ("attribution", "0005_minutes_add_up"),
        ("ledger", "0008_scratch"),
        ("royalties", "0010_what_if_per_line"),
    ]

    operations = [
        migrations.AlterField(
            "variationsum",
            "period",
            models.ForeignKey(
                "royalties.period", on_delete=PROTECT, related_name="sums", db_constraint=False
            ),
        ),
        migrations.AlterField(
            "variationsum",
            "record",
            models.ForeignKey(
                "attribution.licencerecord",
                on_delete=PROTECT,
                related_name="sums",
                db_constraint=False,
            ),
        ),
        migrations.AlterField(
            "variationsum",
            "entry",
            models.ForeignKey(
                "ledger.journalentry",
                on_delete=PROTECT,
                related_name="variation_sums",
                db_constraint=False,
                null=True,
                blank=True,
            ),
        ),
        keep_references(
            "royalties_variationsum",
            {
                "period_id": "royalties_period",
                "record_id": "attribution_licencerecord",
                "entry_id": "ledger_journalentry",
            },
        ),
        ask_by_value(
            "royalties_statementline",
            {
                "statement_id": "royalties_statement",
                "variation_sum_id": "royalties_variationsum",
                "record_id": "attribution_licencerecord",
                "stem_id": "catalog_stem",
                "sheet_id": "catalog_splitsheet",
                "party_id": "catalog_party",
                "posting_id": "ledger_posting",
                "corrects_id": "royalties_statementline",
            },
        ),
    ]
