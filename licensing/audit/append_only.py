"""Tables that only grow: the database itself refuses UPDATE, DELETE and TRUNCATE, for everybody.

Used by migrations alone. A trigger stops the owner too; the application role has no right to begin
with. Whoever must correct something adds a row that says so.
"""

from django.db import migrations

_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
"""
_TABLE = """
CREATE TRIGGER refuse_change_of_row BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM stemma_app;
"""
_BACK = """
DROP TRIGGER refuse_change_of_row ON {table};
DROP TRIGGER refuse_truncate ON {table};
GRANT UPDATE, DELETE ON {table} TO stemma_app;
"""


def refuse_changes(table: str) -> migrations.RunSQL:
    """The migration step that makes `table` append-only; to be placed after its creation.

    Needs the role `stemma_app` to exist (docs/operations.md says how roles are made).
    """
    return migrations.RunSQL(_FUNCTION + _TABLE.format(table=table), _BACK.format(table=table))
