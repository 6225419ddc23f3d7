"""A chargeback that was won is a receipt that says what it wins back; see docs/decisions/0188."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0012_batches_beside'),
        ('receipts', '0008_parts_at_a_rate'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='receipt',
            name='receipt_is_money_in_or_back',
        ),
        migrations.AddField(
            model_name='receipt',
            name='wins',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='won_by', to='receipts.receipt'),
        ),
        migrations.AddConstraint(
            model_name='receipt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount_micros__gt', 0), ('fee_micros__gte', 0), ('tax_micros__gte', 0), ('commission_micros__gte', 0), ('pool_micros__gte', 0), ('corrects__isnull', True), ('ends_cover', False), ('kind__in', ('SUBSCRIPTION', 'PURCHASE', 'PARTNER', 'PROMOTION')), ('wins__isnull', True)), models.Q(('amount_micros__gt', 0), ('fee_micros', 0), ('tax_micros__gte', 0), ('commission_micros__gte', 0), ('ends_cover', False), ('pool_micros__gte', 0), ('corrects__isnull', False), ('kind', 'WON'), ('wins__isnull', False)), models.Q(('amount_micros__lt', 0), ('fee_micros', 0), ('tax_micros__lte', 0), ('commission_micros__lte', 0), ('pool_micros__lte', 0), ('corrects__isnull', False), ('kind__in', ('REFUND', 'CHARGEBACK')), ('wins__isnull', True)), _connector='OR'), name='receipt_is_money_in_or_back'),
        ),
    ]
