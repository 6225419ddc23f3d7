"""Onsets under their digest, and which were measured first in each audio."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analysis", "0001_initial"),
        ("catalog", "0002_sheets_are_guarded"),
    ]

    operations = [
        migrations.CreateModel(
            name="Onsets",
            fields=[
                ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("data", models.BinaryField()),
                ("kept_at", models.DateTimeField()),
            ],
            options={"verbose_name_plural": "onsets"},
        ),
        migrations.CreateModel(
            name="FirstOnsets",
            fields=[
                ("audio", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="+", serialize=False, to="catalog.audioobject")),
                ("onsets", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="analysis.onsets")),
                ("measured_at", models.DateTimeField()),
            ],
            options={"verbose_name_plural": "first onsets"},
        ),
        migrations.AddField(
            model_name="stemmeasure",
            name="onsets",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="analysis.onsets"),
        ),
    ]
