"""A batch of postings may be filled by another connection, and is looked at whole by its own.

See docs/decisions/0136. Under REPEATABLE READ, a batch that another transaction had filled since
the snapshot was attached unseen; it is refused now.
"""

from importlib import import_module

from django.db import migrations

from licensing.audit.apart import fill_beside

_APART = import_module("licensing.ledger.migrations.0011_batches_apart")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0011_batches_apart")]

    operations = [
        fill_beside(
            "ledger_posting",
            keys=_APART.KEYS,
            indexes=_APART.INDEXES,
            wrong=_APART.WRONG_APART,
            attached=_APART.ATTACHED,
        ),
    ]
