"""The hash chain: links, which entry stands in which, and the entries that wait for the linker.

An entry waits from the moment it is written, whoever writes it, because a trigger says so. All that
were there before this step wait from now on and come into the first link.
"""

import django.db.models.deletion
from django.db import migrations, models

from licensing.audit.append_only import refuse_changes

WAITING = """
CREATE FUNCTION ledger_await_linker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_unlinkedentry (entry_id) SELECT id FROM fresh;
    RETURN NULL;
END $$;
CREATE TRIGGER await_linker AFTER INSERT ON ledger_journalentry
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_await_linker();
INSERT INTO ledger_unlinkedentry (entry_id) SELECT id FROM ledger_journalentry;
"""
WAITING_BACK = """
DROP TRIGGER await_linker ON ledger_journalentry;
DROP FUNCTION ledger_await_linker();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0005_between_earned_and_payable'),
    ]

    operations = [
        migrations.CreateModel(
            name='UnlinkedEntry',
            fields=[
                ('entry', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='unlinked', serialize=False, to='ledger.journalentry')),
            ],
            options={
                'verbose_name_plural': 'unlinked entries',
            },
        ),
        migrations.CreateModel(
            name='Link',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('previous_sha256', models.CharField(max_length=64, unique=True)),
                ('root_sha256', models.CharField(max_length=64)),
                ('entry_count', models.PositiveIntegerField()),
                ('made_at', models.DateTimeField()),
                ('sha256', models.CharField(max_length=64, unique=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='link_numbers_begin_at_one'), models.CheckConstraint(condition=models.Q(('entry_count__gte', 1)), name='link_is_not_empty')],
            },
        ),
        migrations.CreateModel(
            name='LinkedEntry',
            fields=[
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='linked', serialize=False, to='ledger.journalentry')),
                ('leaf_sha256', models.CharField(max_length=64)),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='ledger.link')),
            ],
            options={
                'verbose_name_plural': 'linked entries',
            },
        ),
        migrations.RunSQL(WAITING, WAITING_BACK),
        refuse_changes("ledger_link"),
        refuse_changes("ledger_linkedentry"),
    ]
