"""References that are looked up once per statement: a foreign key for tables filled by the million.

Used by migrations alone. A foreign key asks row by row, also when one statement brings a million
rows; this asks once for each value that comes in, by a lookup. It says nothing when the row
referred to goes away, so it is only for references to rows that can never be deleted: of
append-only tables, or held by one.
"""

from collections.abc import Mapping

from django.db import migrations

_FUNCTION = """
CREATE OR REPLACE FUNCTION {table}_references() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF {missing} THEN
        RAISE EXCEPTION '{table} refers to something that is not there'
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
"""
# The values are made distinct first: the table referred to may have been filled a moment ago, and
# a plan that believes it to be empty would look a million rows up one by one.
_MISSING = """
EXISTS (SELECT 1 FROM (SELECT DISTINCT {column} AS id FROM {fresh} WHERE {column} IS NOT NULL) named
        WHERE NOT EXISTS (SELECT 1 FROM {other} known WHERE known.id = named.id))
"""
_TRIGGER = """
CREATE TRIGGER references_kept AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION {table}_references();
"""
_BACK = """
DROP TRIGGER references_kept ON {table};
DROP FUNCTION {table}_references();
"""


def keep_references(table: str, references: Mapping[str, str]) -> migrations.RunSQL:
    """The migration step: `references` maps a column of `table` to the table whose id it holds."""
    made = _function(table, references) + _TRIGGER.format(table=table)
    return migrations.RunSQL(made, _BACK.format(table=table))


def ask_by_value(table: str, references: Mapping[str, str]) -> migrations.RunSQL:
    """The migration step for a table whose references are kept already: the same, asked as now."""
    return migrations.RunSQL(_function(table, references), migrations.RunSQL.noop)


def missing(references: Mapping[str, str], *, fresh: str = "fresh") -> str:
    """A condition: whether a row of `fresh` refers to something that is not there."""
    asked = [
        _MISSING.format(column=column, other=other, fresh=fresh)
        for column, other in references.items()
    ]
    return " OR ".join(asked)


def _function(table: str, references: Mapping[str, str]) -> str:
    return _FUNCTION.format(table=table, missing=missing(references))
