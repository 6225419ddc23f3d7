"""Corrections that one person proposes and another carries out."""

import datetime
import django.db.models.deletion
import django.db.models.expressions
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('corrections', '0002_only_added'),
        ('royalties', '0007_plays_that_look_odd'),
    ]

    operations = [
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('ADJUST', 'correct lines'), ('RESTATE', 'restate the statement')], max_length=8)),
                ('reason', models.CharField(max_length=300)),
                ('proposed_by', models.CharField(max_length=100)),
                ('proposed_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('OPEN', 'waits for a second person'), ('CARRIED_OUT', 'carried out'), ('DROPPED', 'dropped')], default='OPEN', max_length=12)),
                ('decided_by', models.CharField(blank=True, default='', max_length=100)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decision', models.CharField(blank=True, default='', max_length=300)),
                ('proof_method', models.CharField(blank=True, default='', max_length=20)),
                ('proved_at', models.DateTimeField(blank=True, null=True)),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='royalties.statement')),
            ],
            options={
                'permissions': [('decide_money', 'may correct books, agree advances, decide disputes and reserves')],
            },
        ),
        migrations.CreateModel(
            name='ProposedLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_micros', models.BigIntegerField()),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='proposed', to='royalties.statementline')),
                ('proposal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='corrections.proposal')),
            ],
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'RESTATE'), ('state', 'OPEN')), fields=('statement',), name='restatement_proposed_once'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['ADJUST', 'RESTATE']), models.Q(('reason', ''), _negated=True), models.Q(('proposed_by', ''), _negated=True)), name='proposal_is_sound'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by', ''), ('state', 'OPEN')), models.Q(('decided_at__isnull', False), ('state', 'DROPPED'), models.Q(('decided_by', ''), _negated=True), models.Q(('decision', ''), _negated=True)), models.Q(('proof_method__in', ['totp', 'webauthn']), ('state', 'CARRIED_OUT'), models.Q(('decided_by', ''), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), ('proved_at__lte', models.F('decided_at')), ('proved_at__gte', django.db.models.expressions.CombinedExpression(models.F('decided_at'), '-', models.Value(datetime.timedelta(seconds=300))))), _connector='OR'), name='proposal_has_four_eyes'),
        ),
        migrations.AddConstraint(
            model_name='proposedline',
            constraint=models.UniqueConstraint(fields=('proposal', 'line'), name='proposed_line_once'),
        ),
        migrations.AddConstraint(
            model_name='proposedline',
            constraint=models.CheckConstraint(condition=models.Q(('amount_micros', 0), _negated=True), name='proposed_line_is_money'),
        ),
    ]
