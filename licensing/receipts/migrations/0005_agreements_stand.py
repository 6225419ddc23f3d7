"""An agreement and its prices are never changed: a new agreement is a new row."""

from django.db import migrations

from licensing.audit.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [("receipts", "0004_billed_by_use"), ("audit", "0001_initial")]

    operations = [
        refuse_changes("receipts_usageagreement"),
        refuse_changes("receipts_usageprice"),
    ]
