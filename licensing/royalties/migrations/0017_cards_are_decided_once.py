"""Proposed rate cards stand as they were written; deciding them fills the decision's columns."""

from django.db import migrations

from licensing.receipts.proposed import GUARD, UNGUARD

_TABLE = {"table": "royalties_proposedcard", "became": "'card_id'"}


class Migration(migrations.Migration):
    dependencies = [
        ("royalties", "0016_cards_are_proposed"),
        ("receipts", "0007_proposals_are_decided_once"),
    ]

    operations = [migrations.RunSQL(GUARD.format(**_TABLE), UNGUARD.format(**_TABLE))]
