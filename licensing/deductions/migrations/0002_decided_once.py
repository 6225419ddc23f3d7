"""What the database itself refuses about deductions, whoever asks.

A row is decided once, by filling the columns that its decision has; everything else stands as it was
written. Rows that say what moved are only added.
"""

from django.db import migrations

from licensing.audit.append_only import refuse_changes

GUARD = """
CREATE FUNCTION deductions_guard_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    decided text := TG_ARGV[0];
    its_own text[] := TG_ARGV;
BEGIN
    IF (to_jsonb(OLD) ->> decided) IS NOT NULL
       OR (to_jsonb(NEW) - its_own) IS DISTINCT FROM (to_jsonb(OLD) - its_own) THEN
        RAISE EXCEPTION '%: a row is decided once and otherwise never changed', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""
_COLUMNS = {
    "advance": ("paid_at", "paid_by", "entry_id"),
    "reserverule": ("ended_at", "ended_by"),
    "reserve": ("released_at", "released_by", "release_entry_id"),
    "dispute": (
        *("decided_at", "decided_by", "awards", "decision", "proposed_by", "proposed_at"),
    ),
    "taxprofile": ("reviewed_at", "reviewed_by", "status"),
}


def _guard(table: str, columns: tuple[str, ...]) -> str:
    named = ", ".join(f"'{column}'" for column in columns)
    return f"""
CREATE TRIGGER guard_row BEFORE UPDATE ON deductions_{table}
    FOR EACH ROW EXECUTE FUNCTION deductions_guard_row({named});
CREATE TRIGGER refuse_delete BEFORE DELETE ON deductions_{table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON deductions_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE DELETE, TRUNCATE ON deductions_{table} FROM stemma_app;
"""


def _open(table: str) -> str:
    return f"""
DROP TRIGGER guard_row ON deductions_{table};
DROP TRIGGER refuse_delete ON deductions_{table};
DROP TRIGGER refuse_truncate ON deductions_{table};
GRANT DELETE ON deductions_{table} TO stemma_app;
"""


class Migration(migrations.Migration):
    dependencies = [("deductions", "0001_initial"), ("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(
            GUARD + "".join(_guard(*item) for item in _COLUMNS.items()),
            "".join(map(_open, _COLUMNS)) + "DROP FUNCTION deductions_guard_row();",
        ),
        refuse_changes("deductions_advancerecording"),
        refuse_changes("deductions_contestedline"),
        refuse_changes("deductions_withheld"),
    ]
