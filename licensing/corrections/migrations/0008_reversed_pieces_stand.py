"""What was reversed of a piece is never changed."""

from django.db import migrations

from licensing.audit.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [("corrections", "0007_pieces_are_reversed")]

    operations = [refuse_changes("corrections_reversedpiece")]
