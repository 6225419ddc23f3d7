"""What a row of evidence names is looked up once per statement; lists are divided by no function.

Evidence names sums, which can never be deleted. A close ranks lists of pieces heard equally often
where it divided each payer's plays by a function (0008).
"""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

from licensing.audit.kept_references import keep_references

_LISTS = import_module("licensing.royalties.migrations.0008_lists_are_divided")
NO_FUNCTIONS = """
DROP FUNCTION royalties_divide(bigint, bigint, integer[], integer[]);
DROP FUNCTION royalties_divide_wide(bigint, bigint, integer[], integer[]);
"""


class Migration(migrations.Migration):
    dependencies = [("royalties", "0011_sums_by_the_set")]

    operations = [
        migrations.RunSQL(NO_FUNCTIONS, _LISTS._NARROW + _LISTS._WIDE),
        migrations.AlterField(
            "listenerallocation",
            "variation_sum",
            models.OneToOneField(
                "royalties.variationsum",
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                primary_key=True,
                related_name="allocation",
                serialize=False,
            ),
        ),
        keep_references(
            "royalties_listenerallocation", {"variation_sum_id": "royalties_variationsum"}
        ),
    ]
