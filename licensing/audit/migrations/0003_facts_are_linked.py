"""The hash chain over facts: links, and which fact stands in which. The linker comes afterwards."""

import django.db.models.deletion
from django.db import migrations, models

from licensing.audit.append_only import refuse_changes


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0002_guards_see_our_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='FactLink',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('previous_sha256', models.CharField(max_length=64, unique=True)),
                ('root_sha256', models.CharField(max_length=64)),
                ('fact_count', models.PositiveIntegerField()),
                ('made_at', models.DateTimeField()),
                ('sha256', models.CharField(max_length=64, unique=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='fact_link_numbers_begin_at_one'), models.CheckConstraint(condition=models.Q(('fact_count__gte', 1)), name='fact_link_is_not_empty')],
            },
        ),
        migrations.CreateModel(
            name='LinkedFact',
            fields=[
                ('fact', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='linked', serialize=False, to='audit.fact')),
                ('leaf_sha256', models.CharField(max_length=64)),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='facts', to='audit.factlink')),
            ],
        ),
        refuse_changes("audit_factlink"),
        refuse_changes("audit_linkedfact"),
    ]
