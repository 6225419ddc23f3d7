"""What the database itself refuses about contested lines: nothing comes to a decided dispute.

What leaves it on the decision, and what a refund took before, stand; rows of either table are only
added. Whoever adds to a dispute locks it, so that it is not decided meanwhile.
"""

from django.db import migrations

from licensing.audit.append_only import refuse_changes

GUARD = """
CREATE FUNCTION deductions_guard_contested() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    decided timestamptz;
BEGIN
    SELECT decided_at INTO decided FROM deductions_dispute WHERE id = NEW.dispute_id FOR SHARE;
    IF decided IS NOT NULL THEN
        RAISE EXCEPTION 'deductions_contestedline: dispute % is decided and holds nothing more',
            NEW.dispute_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_contested BEFORE INSERT ON deductions_contestedline
    FOR EACH ROW WHEN (NEW.amount_micros > 0) EXECUTE FUNCTION deductions_guard_contested();
"""
BACK = """
DROP TRIGGER guard_contested ON deductions_contestedline;
DROP FUNCTION deductions_guard_contested();
"""


class Migration(migrations.Migration):

    dependencies = [("deductions", "0006_where_lines_lie")]

    operations = [migrations.RunSQL(GUARD, BACK), refuse_changes("deductions_freeline")]
