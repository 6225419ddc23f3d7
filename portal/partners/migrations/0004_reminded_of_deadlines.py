"""Partners are reminded once of a deadline that is near."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('partners', '0003_mailed_about_withdrawals'),
    ]

    operations = [
        migrations.AddField(
            model_name='withdrawalnotice',
            name='reminded_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
