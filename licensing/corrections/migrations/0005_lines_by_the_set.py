"""A corrected line is looked up once per statement; no line can ever be deleted.

Lines lie in partitions from royalties 0013 on, and a foreign key would need the partition's number.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from licensing.audit.kept_references import keep_references


def line(related: str) -> models.ForeignKey[Any, Any]:
    """A reference that the database looks up by the set."""
    return models.ForeignKey(
        "royalties.statementline",
        db_constraint=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("corrections", "0004_proposals_are_decided_once"),
        ("royalties", "0012_evidence_by_the_set"),
    ]

    operations = [
        migrations.AlterField("adjustedline", "line", line("adjustments")),
        migrations.AlterField("proposedline", "line", line("proposed")),
        keep_references("corrections_adjustedline", {"line_id": "royalties_statementline"}),
        keep_references("corrections_proposedline", {"line_id": "royalties_statementline"}),
    ]
