"""A rate and a conversion are never changed: a new rate is a new row."""

from django.db import migrations

from licensing.audit.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [("payouts", "0003_rates_and_conversions"), ("audit", "0001_initial")]

    operations = [
        refuse_changes("payouts_exchangerate"),
        refuse_changes("payouts_conversion"),
    ]
