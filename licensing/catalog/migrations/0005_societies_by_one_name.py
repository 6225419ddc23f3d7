"""Societies have one name each; those that sheets name already, as the first sheet wrote them.

Signed shares are what was signed and stay as they are: a second spelling on one of them is divided
to an account of its own until the next version of that sheet.
"""

import unicodedata

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Min


def name_known_societies(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    share, society = (apps.get_model("catalog", name) for name in ("Share", "Society"))
    named = share.objects.filter(administered_by="SOCIETY").values("administrator")
    for row in named.annotate(since=Min("sheet__proposed_at")).order_by("since", "administrator"):
        plain = " ".join(unicodedata.normalize("NFC", row["administrator"]).split())
        society.objects.get_or_create(
            key=plain.casefold(), defaults={"name": row["administrator"], "created_at": row["since"]}
        )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_ended_versions_are_asked")]
    operations = [
        migrations.CreateModel(
            name="Society",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                ("key", models.CharField(max_length=200, unique=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "societies",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name", ""), _negated=True),
                            models.Q(("key", ""), _negated=True),
                        ),
                        name="society_has_a_name",
                    )
                ],
            },
        ),
        migrations.RunPython(name_known_societies, migrations.RunPython.noop),
    ]
