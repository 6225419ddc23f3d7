"""A proposed correction stands as it was written; deciding it fills the columns of its decision."""

from django.db import migrations

from licensing.audit.append_only import refuse_changes

GUARD = """
CREATE TRIGGER guard_row BEFORE UPDATE ON corrections_proposal
    FOR EACH ROW EXECUTE FUNCTION deductions_guard_row(
        'decided_at', 'decided_by', 'state', 'decision', 'proof_method', 'proved_at');
CREATE TRIGGER refuse_delete BEFORE DELETE ON corrections_proposal
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON corrections_proposal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE DELETE, TRUNCATE ON corrections_proposal FROM stemma_app;
"""
OPEN = """
DROP TRIGGER guard_row ON corrections_proposal;
DROP TRIGGER refuse_delete ON corrections_proposal;
DROP TRIGGER refuse_truncate ON corrections_proposal;
GRANT DELETE ON corrections_proposal TO stemma_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("corrections", "0003_proposals"),
        ("deductions", "0002_decided_once"),
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(GUARD, OPEN),
        refuse_changes("corrections_proposedline"),
    ]
