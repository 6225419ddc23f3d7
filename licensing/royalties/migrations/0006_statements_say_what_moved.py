"""Statements say what else moved on the payee's account, each line with the posting behind it."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

from licensing.audit.kept_references import keep_references

# The references of a line are looked up by one function; it is made anew with two more.
LESS = """
DROP TRIGGER references_kept ON royalties_statementline;
DROP FUNCTION royalties_statementline_references();
"""
LESS_BACK = keep_references(
    "royalties_statementline",
    import_module("licensing.royalties.migrations.0005_a_month_at_scale").LINE_REFERENCES,
).sql


class Migration(migrations.Migration):

    dependencies = [
        ('attribution', '0005_minutes_add_up'),
        ('catalog', '0002_sheets_are_guarded'),
        ('ledger', '0005_between_earned_and_payable'),
        ('royalties', '0005_a_month_at_scale'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='statementline',
            name='statement_line_has_its_sum',
        ),
        migrations.AddField(
            model_name='statement',
            name='moved_micros',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='statement',
            name='reason',
            field=models.CharField(blank=True, default='', max_length=300),
        ),
        migrations.AddField(
            model_name='statement',
            name='supersedes',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='superseded_by', to='royalties.statement'),
        ),
        migrations.AddField(
            model_name='statementline',
            name='corrects',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, db_constraint=False, db_index=False, related_name='corrections', to='royalties.statementline'),
        ),
        migrations.AddField(
            model_name='statementline',
            name='note',
            field=models.CharField(blank=True, default='', max_length=300),
        ),
        migrations.AddField(
            model_name='statementline',
            name='posting',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, db_constraint=False, db_index=False, related_name='statement_lines', to='ledger.posting'),
        ),
        migrations.AddIndex(
            model_name='statementline',
            index=models.Index(condition=models.Q(('corrects__isnull', False)), fields=['corrects'], name='statement_line_corrected'),
        ),
        migrations.RunSQL(LESS, LESS_BACK),
        keep_references(
            "royalties_statementline",
            {
                "statement_id": "royalties_statement",
                "variation_sum_id": "royalties_variationsum",
                "record_id": "attribution_licencerecord",
                "stem_id": "catalog_stem",
                "sheet_id": "catalog_splitsheet",
                "party_id": "catalog_party",
                "posting_id": "ledger_posting",
                "corrects_id": "royalties_statementline",
            },
        ),
        migrations.AlterField(
            model_name='statementline',
            name='kind',
            field=models.CharField(choices=[('EARNING', 'earned in the month'), ('ADJUSTMENT', 'of an earlier month, received after its close'), ('SELF', 'own plays, which accrue nothing'), ('UNFUNDED', 'plays that no receipt covers'), ('DISPUTE', 'contested, held until it is decided'), ('DECISION', 'a dispute was decided'), ('RECOUPMENT', 'recoups an advance'), ('RESERVE', "set aside, still the payee's"), ('RELEASE', 'was set aside, payable again'), ('WITHHOLDING', 'tax kept back'), ('CORRECTION', 'corrects a line of a closed month'), ('PAYOUT', 'paid out'), ('RETURNED', 'a payout that came back'), ('EXCHANGE', 'converted for a payout'), ('OTHER', 'another entry of the books')], max_length=12),
        ),
        migrations.AlterField(
            model_name='statementline',
            name='record',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, db_constraint=False, db_index=False, related_name='statement_lines', to='attribution.licencerecord'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), ('supersedes__isnull', True), ('version', 1)), models.Q(('supersedes__isnull', False), ('version__gt', 1), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='statement_restated_says_why'),
        ),
        migrations.AddConstraint(
            model_name='statementline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['EARNING', 'ADJUSTMENT']), ('record__isnull', False), ('variation_sum__isnull', False)), models.Q(('amount_micros', 0), ('kind__in', ['SELF', 'UNFUNDED']), ('variation_sum__isnull', True)), models.Q(models.Q(('kind__in', ['EARNING', 'ADJUSTMENT', 'SELF', 'UNFUNDED']), _negated=True), ('posting__isnull', False)), _connector='OR'), name='statement_line_has_its_sum'),
        ),
    ]
