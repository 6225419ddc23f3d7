"""What was corrected, and by whom, is never changed."""

from django.db import migrations

from licensing.audit.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [("corrections", "0001_initial"), ("audit", "0001_initial")]

    operations = [
        refuse_changes("corrections_reversal"),
        refuse_changes("corrections_adjustment"),
        refuse_changes("corrections_adjustedline"),
    ]
