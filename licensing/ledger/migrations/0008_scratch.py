"""A room for tables that live within one transaction and that several processes may read.

A temporary table is read by its own session's process alone, so nothing that reads one is planned
for two. The application makes unlogged tables here instead, and drops them before it commits.
"""

from django.db import migrations

SCRATCH = """
CREATE SCHEMA scratch;
GRANT USAGE, CREATE ON SCHEMA scratch TO stemma_app;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_waiting_since")]

    operations = [migrations.RunSQL(SCRATCH, "DROP SCHEMA scratch CASCADE")]
