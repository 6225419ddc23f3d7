"""Tax goes back with its income, by rows below zero; rows say which month earned them. See
docs/decisions/0188.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('deductions', '0004_awards_stand'),
        ('ledger', '0012_batches_beside'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='withheld',
            name='withheld_is_part_of_income',
        ),
        migrations.AddField(
            model_name='reserve',
            name='month',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='withheld',
            name='corrects',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='given_back', to='deductions.withheld'),
        ),
        migrations.AddField(
            model_name='withheld',
            name='month',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='withheld',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount_micros__gte', 0), ('corrects__isnull', True), ('us_micros__gt', 0), ('amount_micros__lte', models.F('us_micros'))), models.Q(('amount_micros__lte', 0), ('corrects__isnull', False), ('us_micros__lt', 0), ('amount_micros__gte', models.F('us_micros'))), _connector='OR'), name='withheld_is_part_of_income'),
        ),
    ]
