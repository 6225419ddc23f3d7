"""Whether taste chose targets of a request; unknown before."""


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('variations', '0006_sounds_from_outside'),
    ]

    operations = [
        migrations.AddField(
            model_name='variationrequest',
            name='by_taste',
            field=models.BooleanField(blank=True, null=True),
        ),
    ]
