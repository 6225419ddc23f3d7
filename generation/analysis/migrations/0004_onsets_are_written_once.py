"""Every measure names its onsets, and onsets are never changed or removed."""

import django.db.models.deletion
from django.db import migrations, models

from licensing.audit.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [("analysis", "0003_onsets_of_what_was_measured")]

    operations = [
        migrations.AlterField(
            model_name="stemmeasure",
            name="onsets",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="analysis.onsets"),
        ),
        refuse_changes("analysis_onsets"),
        refuse_changes("analysis_firstonsets"),
    ]
