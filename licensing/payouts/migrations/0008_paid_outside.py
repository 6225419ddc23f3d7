"""Societies paid past the provider; decided once, by two people."""

import datetime
import django.db.models.deletion
import django.db.models.expressions
import uuid
from django.db import migrations, models

_GUARD = """
CREATE FUNCTION outside_payment_stands() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a payment is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> 'OPEN' OR
        (NEW.payee_kind, NEW.payee_ref, NEW.currency, NEW.amount_minor, NEW.document, NEW.paid_on,
         NEW.proposed_by, NEW.proposed_at)
        IS DISTINCT FROM
        (OLD.payee_kind, OLD.payee_ref, OLD.currency, OLD.amount_minor, OLD.document, OLD.paid_on,
         OLD.proposed_by, OLD.proposed_at)
    THEN
        RAISE EXCEPTION 'what a payment says never changes, and it is decided once'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER outside_payment_stands BEFORE UPDATE OR DELETE ON payouts_outsidepayment
    FOR EACH ROW EXECUTE FUNCTION outside_payment_stands();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON payouts_outsidepayment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
_BACK = """
DROP TRIGGER refuse_truncate ON payouts_outsidepayment;
DROP TRIGGER outside_payment_stands ON payouts_outsidepayment;
DROP FUNCTION outside_payment_stands();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0012_batches_beside'),
        ('payouts', '0007_events_in_trouble'),
    ]

    operations = [
        migrations.CreateModel(
            name='OutsidePayment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('payee_kind', models.CharField(default='society', max_length=20)),
                ('payee_ref', models.CharField(max_length=120)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('document', models.CharField(max_length=100)),
                ('paid_on', models.DateField()),
                ('state', models.CharField(choices=[('OPEN', 'waits for a second person'), ('POSTED', 'posted'), ('DROPPED', 'dropped')], default='OPEN', max_length=8)),
                ('proposed_by', models.CharField(max_length=100)),
                ('proposed_at', models.DateTimeField()),
                ('decided_by', models.CharField(blank=True, default='', max_length=100)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('proof_method', models.CharField(blank=True, default='', max_length=20)),
                ('proved_at', models.DateTimeField(blank=True, null=True)),
                ('dropped_because', models.CharField(blank=True, default='', max_length=300)),
                ('entry', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='outside_payment', to='ledger.journalentry')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'DROPPED'), _negated=True), fields=('payee_kind', 'payee_ref', 'document'), name='outside_payment_once'), models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('payee_kind', 'society'), models.Q(('payee_ref', ''), _negated=True), models.Q(('document', ''), _negated=True), models.Q(('proposed_by', ''), _negated=True)), name='outside_payment_is_sound'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by', ''), ('entry__isnull', True), ('state', 'OPEN')), models.Q(('decided_at__isnull', False), ('entry__isnull', True), ('state', 'DROPPED'), models.Q(('decided_by', ''), _negated=True), models.Q(('dropped_because', ''), _negated=True)), models.Q(('entry__isnull', False), ('proof_method__in', ['totp', 'webauthn']), ('state', 'POSTED'), models.Q(('decided_by', ''), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), ('proved_at__lte', models.F('decided_at')), ('proved_at__gte', django.db.models.expressions.CombinedExpression(models.F('decided_at'), '-', models.Value(datetime.timedelta(seconds=300))))), _connector='OR'), name='outside_payment_has_four_eyes')],
            },
        ),
        migrations.RunSQL(_GUARD, _BACK),
    ]
