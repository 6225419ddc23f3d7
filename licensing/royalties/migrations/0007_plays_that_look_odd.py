"""Plays that look odd are held, a person decides, and the pools of theirs wait meanwhile."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('attribution', '0005_minutes_add_up'),
        ('catalog', '0002_sheets_are_guarded'),
        ('ledger', '0005_between_earned_and_payable'),
        ('royalties', '0006_statements_say_what_moved'),
    ]

    operations = [
        migrations.CreateModel(
            name='Anomaly',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField()),
                ('listener_kind', models.CharField(max_length=20)),
                ('listener_ref', models.CharField(max_length=100)),
                ('score_ppm', models.PositiveIntegerField()),
                ('reasons', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), size=None)),
                ('plays', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('OPEN', 'a person decides'), ('RELEASED', 'its plays count'), ('UPHELD', 'its plays accrue nothing')], default='OPEN', max_length=10)),
                ('found_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decided_by', models.CharField(blank=True, default='', max_length=100)),
                ('decision', models.CharField(blank=True, default='', max_length=300)),
            ],
            options={
                'verbose_name_plural': 'anomalies',
            },
        ),
        migrations.CreateModel(
            name='HeldPool',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('payer_kind', models.CharField(max_length=20)),
                ('payer_ref', models.CharField(max_length=100)),
                ('currency', models.CharField(max_length=3)),
                ('amount_micros', models.BigIntegerField()),
                ('us_micros', models.BigIntegerField(default=0)),
                ('joins_month', models.DateField(blank=True, null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='statementline',
            name='statement_line_has_its_sum',
        ),
        migrations.AlterField(
            model_name='statementline',
            name='kind',
            field=models.CharField(choices=[('EARNING', 'earned in the month'), ('ADJUSTMENT', 'of an earlier month, received after its close'), ('SELF', 'own plays, which accrue nothing'), ('UNFUNDED', 'plays that no receipt covers'), ('HELD', 'plays that look odd, until a person decides'), ('UPHELD', 'plays that looked odd, and a person upheld it'), ('DISPUTE', 'contested, held until it is decided'), ('DECISION', 'a dispute was decided'), ('RECOUPMENT', 'recoups an advance'), ('RESERVE', "set aside, still the payee's"), ('RELEASE', 'was set aside, payable again'), ('WITHHOLDING', 'tax kept back'), ('CORRECTION', 'corrects a line of a closed month'), ('PAYOUT', 'paid out'), ('RETURNED', 'a payout that came back'), ('EXCHANGE', 'converted for a payout'), ('OTHER', 'another entry of the books')], max_length=12),
        ),
        migrations.AlterField(
            model_name='usage',
            name='state',
            field=models.CharField(choices=[('COUNTED', 'accrues'), ('SELF', 'by a member of a party on its sheets: kept, accrues nothing'), ('UNFUNDED', 'no receipt covers it: kept, accrues nothing'), ('PREVIEW', "of an artist's own preview: kept, accrues nothing"), ('UNMATCHED', 'came more than 90 days late: a person decides'), ('REJECTED', 'came so late, and a person took none of it: accrues nothing'), ('HELD', 'looks odd: a person decides'), ('UPHELD', 'looked odd, and a person upheld it: kept, accrues nothing')], max_length=10),
        ),
        migrations.AddConstraint(
            model_name='statementline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['EARNING', 'ADJUSTMENT']), ('record__isnull', False), ('variation_sum__isnull', False)), models.Q(('amount_micros', 0), ('kind__in', ['SELF', 'UNFUNDED', 'HELD', 'UPHELD']), ('variation_sum__isnull', True)), models.Q(models.Q(('kind__in', ['EARNING', 'ADJUSTMENT', 'SELF', 'UNFUNDED', 'HELD', 'UPHELD']), _negated=True), ('posting__isnull', False)), _connector='OR'), name='statement_line_has_its_sum'),
        ),
        migrations.AddField(
            model_name='anomaly',
            name='record',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='anomalies', to='attribution.licencerecord'),
        ),
        migrations.AddField(
            model_name='usage',
            name='anomaly',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='usages', to='royalties.anomaly'),
        ),
        migrations.AddIndex(
            model_name='usage',
            index=models.Index(condition=models.Q(('anomaly__isnull', False)), fields=['anomaly'], name='usage_of_anomaly'),
        ),
        migrations.AddField(
            model_name='heldpool',
            name='period',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='held_pools', to='royalties.period'),
        ),
        migrations.AddIndex(
            model_name='anomaly',
            index=models.Index(fields=['month', 'listener_kind', 'listener_ref', 'record'], name='anomaly_of_listener'),
        ),
        migrations.AddConstraint(
            model_name='anomaly',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'OPEN')), fields=('month', 'listener_kind', 'listener_ref', 'record'), name='anomaly_open_once'),
        ),
        migrations.AddConstraint(
            model_name='anomaly',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by', ''), ('decision', ''), ('state', 'OPEN')), models.Q(models.Q(('state', 'OPEN'), _negated=True), ('decided_at__isnull', False), models.Q(('decided_by', ''), _negated=True), models.Q(('decision', ''), _negated=True)), _connector='OR'), name='anomaly_decided_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='anomaly',
            constraint=models.CheckConstraint(condition=models.Q(('score_ppm__lte', 1000000)), name='anomaly_score_up_to_one'),
        ),
        migrations.AddIndex(
            model_name='heldpool',
            index=models.Index(condition=models.Q(('joins_month__isnull', False)), fields=['joins_month'], name='held_pool_joins'),
        ),
        migrations.AddConstraint(
            model_name='heldpool',
            constraint=models.UniqueConstraint(fields=('period', 'payer_kind', 'payer_ref', 'currency'), name='held_pool_once'),
        ),
        migrations.AddConstraint(
            model_name='heldpool',
            constraint=models.CheckConstraint(condition=models.Q(('amount_micros__gte', 0)), name='held_pool_not_below_zero'),
        ),
        # Decided or not, nothing of it goes away.
        migrations.RunSQL(
            "REVOKE DELETE ON royalties_anomaly, royalties_heldpool FROM stemma_app;",
            "GRANT DELETE ON royalties_anomaly, royalties_heldpool TO stemma_app;",
        ),
    ]
