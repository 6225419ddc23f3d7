"""How much a variation is like its sources, beside the other measures of its record."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("attribution", "0002_records_stand")]
    operations = [
        migrations.AddField(
            "licencerecord", "chroma_likeness", models.FloatField(blank=True, null=True)
        ),
        migrations.AddField(
            "licencerecord", "onset_likeness", models.FloatField(blank=True, null=True)
        ),
    ]
