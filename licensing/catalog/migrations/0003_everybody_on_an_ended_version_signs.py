"""Versions that a proposal ends, decisions in place of parties not reached, and proposals declined."""

import datetime
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0002_sheets_are_guarded'),
    ]

    operations = [
        migrations.CreateModel(
            name='EndedVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
        ),
        migrations.CreateModel(
            name='StandIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('document', models.TextField()),
                ('state', models.CharField(choices=[('OPEN', 'waits for a second person'), ('DECIDED', 'decided'), ('DROPPED', 'dropped')], default='OPEN', max_length=8)),
                ('proposed_by', models.CharField(max_length=100)),
                ('proposed_at', models.DateTimeField()),
                ('decided_by', models.CharField(blank=True, default='', max_length=100)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('proof_method', models.CharField(blank=True, default='', max_length=20)),
                ('proved_at', models.DateTimeField(blank=True, null=True)),
                ('dropped_because', models.CharField(blank=True, default='', max_length=300)),
            ],
            options={
                'permissions': [('decide_rights', 'may place holds, decide on claims, stand in, agree with societies')],
            },
        ),
        migrations.AddField(
            model_name='splitsheet',
            name='declined_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='splitsheet',
            name='declined_because',
            field=models.CharField(blank=True, db_default='', default='', max_length=300),
        ),
        migrations.AddField(
            model_name='splitsheet',
            name='declined_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='declined_sheets', to='catalog.party'),
        ),
        migrations.AlterField(
            model_name='splitsheet',
            name='state',
            field=models.CharField(choices=[('DRAFT', 'being drawn up'), ('PROPOSED', 'waiting for signatures'), ('SIGNED', 'signed by everyone'), ('REPLACED', 'replaced before it was signed'), ('DECLINED', 'declined by somebody asked')], default='DRAFT', max_length=10),
        ),
        migrations.AddConstraint(
            model_name='splitsheet',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('declined_at__isnull', False), ('declined_by__isnull', False), ('state', 'DECLINED')), models.Q(models.Q(('state', 'DECLINED'), _negated=True), ('declined_at__isnull', True), ('declined_by__isnull', True)), _connector='OR'), name='sheet_declined_by_somebody'),
        ),
        migrations.AddField(
            model_name='endedversion',
            name='ended',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ended_by', to='catalog.splitsheet'),
        ),
        migrations.AddField(
            model_name='endedversion',
            name='sheet',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ended_versions', to='catalog.splitsheet'),
        ),
        migrations.AddField(
            model_name='standin',
            name='party',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stood_in_for', to='catalog.party'),
        ),
        migrations.AddField(
            model_name='standin',
            name='sheet',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stand_ins', to='catalog.splitsheet'),
        ),
        migrations.AddConstraint(
            model_name='endedversion',
            constraint=models.UniqueConstraint(fields=('sheet', 'ended'), name='version_ended_once'),
        ),
        migrations.AddConstraint(
            model_name='standin',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'DROPPED'), _negated=True), fields=('sheet', 'party'), name='stand_in_once'),
        ),
        migrations.AddConstraint(
            model_name='standin',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('document', ''), _negated=True), models.Q(('proposed_by', ''), _negated=True)), name='stand_in_has_a_document'),
        ),
        migrations.AddConstraint(
            model_name='standin',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by', ''), ('state', 'OPEN')), models.Q(('decided_at__isnull', False), ('state', 'DROPPED'), models.Q(('decided_by', ''), _negated=True), models.Q(('dropped_because', ''), _negated=True)), models.Q(('proof_method__in', ['totp', 'webauthn']), ('state', 'DECIDED'), models.Q(('decided_by', ''), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), ('proved_at__lte', models.F('decided_at')), ('proved_at__gte', django.db.models.expressions.CombinedExpression(models.F('decided_at'), '-', models.Value(datetime.timedelta(seconds=300))))), _connector='OR'), name='stand_in_has_four_eyes'),
        ),
    ]
