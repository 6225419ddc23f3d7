"""References that are looked up once per statement: a foreign key for tables filled by the million.

Used by migrations alone. A foreign key asks row by row, also when one statement brings a million
rows; this asks once, by joins. It says nothing when the row referred to goes away, so it is only
for references to rows that can never be deleted: of append-only tables, or held by one.
"""

from collections.abc import Mapping

from django.db import migrations

_FUNCTION = """
CREATE FUNCTION {table}_references() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM fresh {joins} WHERE {missing}) THEN
        RAISE EXCEPTION '{table} refers to something that is not there'
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER references_kept AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION {table}_references();
"""
_BACK = """
DROP TRIGGER references_kept ON {table};
DROP FUNCTION {table}_references();
"""


def keep_references(table: str, references: Mapping[str, str]) -> migrations.RunSQL:
    """The migration step: `references` maps a column of `table` to the table whose id it holds."""
    joins = " ".join(
        f"LEFT JOIN {other} AS of_{column} ON of_{column}.id = fresh.{column}"
        for column, other in references.items()
    )
    missing = " OR ".join(
        f"(fresh.{column} IS NOT NULL AND of_{column}.id IS NULL)" for column in references
    )
    return migrations.RunSQL(
        _FUNCTION.format(table=table, joins=joins, missing=missing), _BACK.format(table=table)
    )
