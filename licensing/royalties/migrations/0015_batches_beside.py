"""A batch of statement lines may be filled by another connection (docs/decisions/0136)."""

from importlib import import_module

from django.db import migrations

from licensing.audit.apart import fill_beside

_APART = import_module("licensing.royalties.migrations.0013_lines_apart")


class Migration(migrations.Migration):
    dependencies = [("royalties", "0014_plays_are_numbered")]

    operations = [
        fill_beside(
            "royalties_statementline",
            keys=_APART.KEYS,
            indexes=_APART.INDEXES,
            wrong=_APART.WRONG,
        ),
    ]
