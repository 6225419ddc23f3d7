"""Whether taste chose targets of a session; unknown before."""


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('live_sessions', '0005_who_plays_for_nets'),
    ]

    operations = [
        migrations.AddField(
            model_name='livesession',
            name='by_taste',
            field=models.BooleanField(blank=True, null=True),
        ),
    ]
