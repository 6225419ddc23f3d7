"""A voice ends ten years after it was given, whenever the permission begins."""

import datetime
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0008_evidence_stands'),
        ('clearance', '0013_facts_with_words'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='grant',
            name='grant_of_voice_ends',
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('uses__contains', ['VOICE']), _negated=True), models.Q(('granted_at__gte', django.db.models.expressions.CombinedExpression(models.F('valid_until'), '-', models.Value(datetime.timedelta(days=3652)))), ('valid_until__isnull', False), ('valid_until__lte', django.db.models.expressions.CombinedExpression(models.F('valid_from'), '+', models.Value(datetime.timedelta(days=3652))))), _connector='OR'), name='grant_of_voice_ends'),
        ),
    ]
