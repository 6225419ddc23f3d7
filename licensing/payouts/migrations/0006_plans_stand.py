"""What a run was shown to exchange is never changed."""

from django.db import migrations

from licensing.audit.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [("payouts", "0005_exchanged_in_a_run"), ("audit", "0001_initial")]

    operations = [refuse_changes("payouts_plannedconversion")]
