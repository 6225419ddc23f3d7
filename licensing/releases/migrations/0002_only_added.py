"""A release is only ever added: its code is out in the world."""

from django.db import migrations

from licensing.audit.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [("releases", "0001_initial"), ("audit", "0001_initial")]
    operations = [refuse_changes("releases_release")]
