"""Held plays keep their part of a pool, and a decision says where it goes; late plays have a line.

What joined a month already becomes a part of its pool. See docs/decisions/0189.
"""

import django.db.models.deletion
from django.db import migrations, models

PARTS = """
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO royalties_heldpart (pool_id, amount_micros, us_micros, joins_month, is_own)
    SELECT id, amount_micros, us_micros, joins_month, FALSE FROM royalties_heldpool
    WHERE joins_month IS NOT NULL;
UPDATE royalties_heldpool SET amount_micros = 0, us_micros = 0 WHERE joins_month IS NOT NULL;
SET CONSTRAINTS ALL DEFERRED;
"""
WHOLE_AGAIN = """
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE royalties_heldpool h
    SET joins_month = p.joins_month, amount_micros = p.micros, us_micros = p.us
    FROM (SELECT pool_id, MAX(joins_month) AS joins_month, SUM(amount_micros)::bigint AS micros,
                 SUM(us_micros)::bigint AS us
          FROM royalties_heldpart WHERE joins_month IS NOT NULL GROUP BY pool_id) p
    WHERE p.pool_id = h.id AND h.amount_micros = 0;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('attribution', '0007_records_are_numbered'),
        ('catalog', '0006_what_belongs_together_stays'),
        ('ledger', '0012_batches_beside'),
        ('royalties', '0019_evidence_is_retired'),
    ]

    operations = [
        migrations.CreateModel(
            name='HeldPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_micros', models.BigIntegerField()),
                ('us_micros', models.BigIntegerField(default=0)),
                ('joins_month', models.DateField(blank=True, null=True)),
                ('is_own', models.BooleanField(default=False)),
                ('anomaly', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='held_parts', to='royalties.anomaly')),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='parts', to='royalties.heldpool')),
            ],
        ),
        migrations.AddIndex(
            model_name='heldpart',
            index=models.Index(condition=models.Q(('joins_month__isnull', False)), fields=['joins_month'], name='held_part_joins'),
        ),
        migrations.AddConstraint(
            model_name='heldpart',
            constraint=models.CheckConstraint(condition=models.Q(('amount_micros__gte', 0)), name='held_part_not_below_zero'),
        ),
        migrations.AddConstraint(
            model_name='heldpart',
            constraint=models.CheckConstraint(condition=models.Q(('joins_month__isnull', False), ('is_own', False), _connector='OR'), name='held_part_of_its_own_joins_a_month'),
        ),
        migrations.RunSQL(PARTS, WHOLE_AGAIN),
        migrations.RemoveIndex(
            model_name='heldpool',
            name='held_pool_joins',
        ),
        migrations.RemoveField(
            model_name='heldpool',
            name='joins_month',
        ),
        migrations.AddField(
            model_name='payerpool',
            name='of_month',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.RemoveConstraint(
            model_name='statementline',
            name='statement_line_has_its_sum',
        ),
        migrations.AlterField(
            model_name='statementline',
            name='kind',
            field=models.CharField(choices=[('EARNING', 'earned in the month'), ('ADJUSTMENT', 'of an earlier month, received after its close'), ('SELF', 'own plays, which accrue nothing'), ('UNFUNDED', 'plays that no receipt covers'), ('HELD', 'plays that look odd, until a person decides'), ('UPHELD', 'plays that looked odd, and a person upheld it'), ('LATE', 'plays that came when the money of their month was divided'), ('DISPUTE', 'contested, held until it is decided'), ('DECISION', 'a dispute was decided'), ('RECOUPMENT', 'recoups an advance'), ('RESERVE', "set aside, still the payee's"), ('RELEASE', 'was set aside, payable again'), ('WITHHOLDING', 'tax kept back'), ('CORRECTION', 'corrects a line of a closed month'), ('PAYOUT', 'paid out'), ('RETURNED', 'a payout that came back'), ('EXCHANGE', 'converted for a payout'), ('OTHER', 'another entry of the books')], max_length=12),
        ),
        migrations.AddConstraint(
            model_name='statementline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['EARNING', 'ADJUSTMENT']), ('record__isnull', False), ('variation_sum__isnull', False)), models.Q(('amount_micros', 0), ('kind__in', ['SELF', 'UNFUNDED', 'HELD', 'UPHELD', 'LATE']), ('variation_sum__isnull', True)), models.Q(models.Q(('kind__in', ['EARNING', 'ADJUSTMENT', 'SELF', 'UNFUNDED', 'HELD', 'UPHELD', 'LATE']), _negated=True), ('posting__isnull', False)), _connector='OR'), name='statement_line_has_its_sum'),
        ),
    ]
