"""What was posted by two people has its entry: a check of its own, as everywhere else."""

import datetime
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0012_batches_beside'),
        ('payouts', '0008_paid_outside'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='outsidepayment',
            name='outside_payment_has_four_eyes',
        ),
        migrations.AddConstraint(
            model_name='outsidepayment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by', ''), ('state', 'OPEN')), models.Q(('decided_at__isnull', False), ('state', 'DROPPED'), models.Q(('decided_by', ''), _negated=True), models.Q(('dropped_because', ''), _negated=True)), models.Q(('proof_method__in', ['totp', 'webauthn']), ('state', 'POSTED'), models.Q(('decided_by', ''), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), ('proved_at__lte', models.F('decided_at')), ('proved_at__gte', django.db.models.expressions.CombinedExpression(models.F('decided_at'), '-', models.Value(datetime.timedelta(seconds=300))))), _connector='OR'), name='outside_payment_has_four_eyes'),
        ),
        migrations.AddConstraint(
            model_name='outsidepayment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('entry__isnull', False), ('state', 'POSTED')), models.Q(models.Q(('state', 'POSTED'), _negated=True), ('entry__isnull', True)), _connector='OR'), name='outside_payment_became_an_entry'),
        ),
    ]
