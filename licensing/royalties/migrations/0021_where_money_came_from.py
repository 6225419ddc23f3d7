"""Closes write down where their money came from and where it went.

Months that are closed keep what they were told by. See docs/decisions/0193.
"""

from django.db import migrations, models

from licensing.audit.append_only import refuse_changes


class Migration(migrations.Migration):

    dependencies = [
        ('royalties', '0020_held_parts'),
    ]

    operations = [
        migrations.AddField(
            model_name='period',
            name='has_waterfall',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='variationsum',
            name='commission_micros',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='variationsum',
            name='fee_micros',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='variationsum',
            name='kept_micros',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='variationsum',
            name='pools_micros',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='variationsum',
            name='received_micros',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='variationsum',
            name='tax_micros',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name='MonthPool',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('received_micros', models.BigIntegerField()),
                ('joined_micros', models.BigIntegerField()),
                ('payees_micros', models.BigIntegerField()),
                ('unallocated_micros', models.BigIntegerField()),
                ('held_micros', models.BigIntegerField()),
                ('unplayed_micros', models.BigIntegerField()),
                ('period', models.ForeignKey(on_delete=models.PROTECT, related_name='month_pools', to='royalties.period')),
            ],
            options={
                'verbose_name_plural': 'what became of its pools',
                'constraints': [models.UniqueConstraint(fields=('period', 'currency'), name='month_pool_once'), models.CheckConstraint(condition=models.Q(('payees_micros', models.F('received_micros') + models.F('joined_micros') - models.F('unallocated_micros') - models.F('held_micros') - models.F('unplayed_micros'))), name='month_pool_adds_up')],
            },
        ),
        migrations.CreateModel(
            name='MonthReceipts',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('PAID', 'paid'), ('PROMOTION', 'put in by the house'), ('GIVEN_BACK', 'given back of closed months')], max_length=10)),
                ('currency', models.CharField(max_length=3)),
                ('country', models.CharField(max_length=2)),
                ('paid_micros', models.BigIntegerField()),
                ('tax_micros', models.BigIntegerField()),
                ('fee_micros', models.BigIntegerField()),
                ('commission_micros', models.BigIntegerField()),
                ('pool_micros', models.BigIntegerField()),
                ('period', models.ForeignKey(on_delete=models.PROTECT, related_name='receipts', to='royalties.period')),
            ],
            options={
                'verbose_name_plural': 'what was paid for it',
                'constraints': [models.UniqueConstraint(fields=('period', 'currency', 'kind', 'country'), name='month_receipts_once'), models.CheckConstraint(condition=models.Q(('paid_micros', models.F('tax_micros') + models.F('fee_micros') + models.F('commission_micros') + models.F('pool_micros'))), name='month_receipts_sum_up')],
            },
        ),
        refuse_changes('royalties_monthpool'),
        refuse_changes('royalties_monthreceipts'),
    ]
