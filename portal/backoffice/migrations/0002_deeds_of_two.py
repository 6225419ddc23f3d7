"""Deeds that two people do; what was asked for stands as it was, and is decided once."""

import datetime
import django.db.models.expressions
import uuid
from django.db import migrations, models


_GUARD = """
CREATE TRIGGER guard_row BEFORE UPDATE ON backoffice_proposeddeed
    FOR EACH ROW EXECUTE FUNCTION deductions_guard_row(
        'decided_at', 'decided_by', 'state', 'decision', 'proof_method', 'proved_at');
CREATE TRIGGER refuse_delete BEFORE DELETE ON backoffice_proposeddeed
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON backoffice_proposeddeed
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE DELETE, TRUNCATE ON backoffice_proposeddeed FROM stemma_app;
"""
_OPEN = """
DROP TRIGGER guard_row ON backoffice_proposeddeed;
DROP TRIGGER refuse_delete ON backoffice_proposeddeed;
DROP TRIGGER refuse_truncate ON backoffice_proposeddeed;
GRANT DELETE ON backoffice_proposeddeed TO stemma_app;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('backoffice', '0001_initial'),
        ('deductions', '0002_decided_once'),
        ('audit', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProposedDeed',
            fields=[
                ('proposed_by', models.CharField(max_length=100)),
                ('proposed_at', models.DateTimeField()),
                ('decided_by', models.CharField(blank=True, default='', max_length=100)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('proof_method', models.CharField(blank=True, default='', max_length=20)),
                ('proved_at', models.DateTimeField(blank=True, null=True)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('deed', models.CharField(max_length=40)),
                ('title', models.CharField(max_length=100)),
                ('subject_ref', models.CharField(blank=True, default='', max_length=100)),
                ('given', models.JSONField()),
                ('reason', models.CharField(max_length=300)),
                ('state', models.CharField(choices=[('OPEN', 'waits for a second person'), ('CARRIED_OUT', 'done'), ('DROPPED', 'dropped')], default='OPEN', max_length=12)),
                ('decision', models.CharField(blank=True, default='', max_length=300)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('deed', ''), _negated=True), models.Q(('reason', ''), _negated=True), models.Q(('proposed_by', ''), _negated=True)), name='proposed_deed_is_sound'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by', ''), ('state', 'OPEN')), models.Q(('decided_at__isnull', False), ('state', 'DROPPED'), models.Q(('decided_by', ''), _negated=True), models.Q(('decision', ''), _negated=True)), models.Q(('proof_method__in', ['totp', 'webauthn']), ('state', 'CARRIED_OUT'), models.Q(('decided_by', ''), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), ('proved_at__lte', models.F('decided_at')), ('proved_at__gte', django.db.models.expressions.CombinedExpression(models.F('decided_at'), '-', models.Value(datetime.timedelta(seconds=300))))), _connector='OR'), name='proposed_deed_has_four_eyes')],
            },
        ),
        migrations.RunSQL(_GUARD, _OPEN),
    ]
