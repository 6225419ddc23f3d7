"""Partners are mailed about withdrawals, at the address of their contact."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clearance', '0009_facts_with_quorum'),
        ('partners', '0002_told_of_withdrawals'),
    ]

    operations = [
        migrations.AddField(
            model_name='client',
            name='contact',
            field=models.EmailField(blank=True, default='', max_length=254),
        ),
        migrations.AddField(
            model_name='withdrawalnotice',
            name='mailed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name='withdrawalnotice',
            index=models.Index(condition=models.Q(('confirmed_at__isnull', True), ('mailed_at__isnull', True)), fields=['client'], name='notice_not_mailed'),
        ),
    ]
