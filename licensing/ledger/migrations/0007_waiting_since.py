"""Since when an entry waits for the linker, by the server's clock: its own moments may lie anywhere.

What waits already has waited since this step.
"""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_linked")]

    operations = [
        migrations.AddField(
            model_name="unlinkedentry",
            name="came_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
    ]
