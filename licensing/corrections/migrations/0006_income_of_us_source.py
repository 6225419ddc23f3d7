"""Of what a refund takes, the income of United States source is written down; see
docs/decisions/0188.
"""

import django.db.models.deletion
from django.db import migrations, models

from licensing.audit.append_only import refuse_changes


class Migration(migrations.Migration):

    dependencies = [
        ('corrections', '0005_lines_by_the_set'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReversedIncome',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('payee_kind', models.CharField(max_length=20)),
                ('payee_ref', models.CharField(max_length=120)),
                ('month', models.DateField()),
                ('us_micros', models.BigIntegerField()),
                ('reversal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='us_income', to='corrections.reversal')),
            ],
            options={
                'verbose_name_plural': 'reversed income',
                'constraints': [models.UniqueConstraint(fields=('reversal', 'payee_kind', 'payee_ref', 'month'), name='reversed_income_once'), models.CheckConstraint(condition=models.Q(('us_micros__gt', 0)), name='reversed_income_is_some')],
            },
        ),
        refuse_changes("corrections_reversedincome"),
    ]
