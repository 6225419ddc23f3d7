"""Notices from outside, what holders answered to them, and second looks."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0006_what_belongs_together_stays'),
        ('clearance', '0011_holders_who_agreed'),
    ]

    operations = [
        migrations.CreateModel(
            name='Takedown',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('reference', models.CharField(max_length=12, unique=True)),
                ('target_kind', models.CharField(choices=[('STEM', 'stem'), ('RECORDING', 'recording'), ('RECORD', 'licence record')], max_length=10)),
                ('target_ref', models.CharField(max_length=100)),
                ('ground', models.CharField(choices=[('RECORDING', 'my recording'), ('COMPOSITION', 'my composition'), ('LIKENESS', 'my performance or voice'), ('OTHER', 'another right')], max_length=12)),
                ('claimant_name', models.CharField(blank=True, max_length=200)),
                ('claimant_mail', models.CharField(blank=True, max_length=254)),
                ('statement', models.TextField(blank=True)),
                ('good_faith', models.BooleanField()),
                ('state', models.CharField(choices=[('RECEIVED', 'nobody has looked yet'), ('ASKED', 'holders asked, plays on'), ('ACTING', 'blocked while it is looked into'), ('UPHELD', 'upheld: stays blocked'), ('REJECTED', 'rejected'), ('WITHDRAWN', 'withdrawn by its claimant')], default='RECEIVED', max_length=10)),
                ('received_at', models.DateTimeField()),
                ('decide_by', models.DateTimeField()),
                ('asked_at', models.DateTimeField(blank=True, null=True)),
                ('answer_until', models.DateTimeField(blank=True, null=True)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decided_by', models.CharField(blank=True, default='', max_length=100)),
                ('reasons', models.TextField(blank=True, default='')),
                ('forgotten_at', models.DateTimeField(blank=True, null=True)),
                ('hold', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='takedown', to='clearance.hold')),
            ],
        ),
        migrations.CreateModel(
            name='CounterStatement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('statement', models.TextField()),
                ('answered_by', models.CharField(max_length=100)),
                ('answered_at', models.DateTimeField()),
                ('party', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='counter_statements', to='catalog.party')),
                ('takedown', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='compliance.takedown')),
            ],
        ),
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('statement', models.TextField()),
                ('asked_by', models.CharField(max_length=100)),
                ('asked_at', models.DateTimeField()),
                ('decide_by', models.DateTimeField()),
                ('outcome', models.CharField(choices=[('OPEN', 'waits for somebody else than who decided'), ('STANDS', 'the decision stands'), ('CHANGED', 'changed: it plays again')], default='OPEN', max_length=8)),
                ('reasons', models.TextField(blank=True, default='')),
                ('decided_by', models.CharField(blank=True, default='', max_length=100)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('party', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appeals', to='catalog.party')),
                ('takedown', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='appeal', to='compliance.takedown')),
            ],
        ),
        migrations.AddIndex(
            model_name='takedown',
            index=models.Index(condition=models.Q(('decided_at__isnull', True)), fields=['decide_by'], name='takedown_undecided'),
        ),
        migrations.AddIndex(
            model_name='takedown',
            index=models.Index(fields=['target_kind', 'target_ref'], name='takedown_target'),
        ),
        migrations.AddConstraint(
            model_name='takedown',
            constraint=models.CheckConstraint(condition=models.Q(('good_faith', True)), name='takedown_declared_in_good_faith'),
        ),
        migrations.AddConstraint(
            model_name='takedown',
            constraint=models.CheckConstraint(condition=models.Q(('decide_by__gt', models.F('received_at'))), name='takedown_due_after_received'),
        ),
        migrations.AddConstraint(
            model_name='takedown',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('forgotten_at__isnull', True), models.Q(('claimant_name', ''), _negated=True), models.Q(('statement', ''), _negated=True), models.Q(('claimant_mail', ''), _negated=True)), models.Q(('claimant_mail', ''), ('claimant_name', ''), ('forgotten_at__isnull', False), ('statement', '')), _connector='OR'), name='takedown_says_who_and_what'),
        ),
        migrations.AddConstraint(
            model_name='takedown',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answer_until__isnull', True), ('asked_at__isnull', True)), ('answer_until__gt', models.F('asked_at')), _connector='OR'), name='takedown_asked_until_a_day'),
        ),
        migrations.AddConstraint(
            model_name='takedown',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('asked_at__isnull', True), ('decided_at__isnull', True), ('hold__isnull', True), ('state', 'RECEIVED')), models.Q(('asked_at__isnull', False), ('decided_at__isnull', True), ('hold__isnull', True), ('state', 'ASKED')), models.Q(('asked_at__isnull', False), ('decided_at__isnull', True), ('hold__isnull', False), ('state', 'ACTING')), models.Q(('asked_at__isnull', False), ('hold__isnull', False), ('state', 'UPHELD'), ('decided_at__isnull', False), models.Q(('decided_by', ''), _negated=True), models.Q(('reasons', ''), _negated=True)), models.Q(('state', 'REJECTED'), ('decided_at__isnull', False), models.Q(('decided_by', ''), _negated=True), models.Q(('reasons', ''), _negated=True)), models.Q(('state', 'WITHDRAWN'), ('decided_at__isnull', False), models.Q(('decided_by', ''), _negated=True)), _connector='OR'), name='takedown_stands_where_it_is'),
        ),
        migrations.AddConstraint(
            model_name='counterstatement',
            constraint=models.UniqueConstraint(fields=('takedown', 'party'), name='counter_statement_once'),
        ),
        migrations.AddConstraint(
            model_name='counterstatement',
            constraint=models.CheckConstraint(condition=models.Q(('statement', ''), _negated=True), name='counter_statement_says_it'),
        ),
        migrations.AddConstraint(
            model_name='appeal',
            constraint=models.CheckConstraint(condition=models.Q(('statement', ''), _negated=True), name='appeal_says_why'),
        ),
        migrations.AddConstraint(
            model_name='appeal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by', ''), ('outcome', 'OPEN'), ('reasons', '')), models.Q(('outcome__in', ['STANDS', 'CHANGED']), ('decided_at__isnull', False), models.Q(('decided_by', ''), _negated=True), models.Q(('reasons', ''), _negated=True)), _connector='OR'), name='appeal_decided_with_reasons'),
        ),
    ]
