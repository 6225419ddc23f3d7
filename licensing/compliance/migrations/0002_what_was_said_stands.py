"""What the database itself refuses about notices, whoever asks.

A notice goes its way by the table of steps, is asked about and decided once, and loses its
claimant's name, address and words three years after its end at the earliest; nothing else changes.
"""

from django.db import migrations

from licensing.audit.append_only import refuse_changes

_NOTICES = """
CREATE FUNCTION takedown_stands() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    claimant constant text[] := ARRAY['claimant_name', 'claimant_mail', 'statement'];
    forgotten constant text[] := claimant || 'forgotten_at'::text;
    its_way constant text[] := ARRAY[
        'state', 'asked_at', 'answer_until', 'hold_id', 'decided_at', 'decided_by', 'reasons'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'RECEIVED' OR NEW.forgotten_at IS NOT NULL THEN
            RAISE EXCEPTION 'a notice begins when it is received'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.decided_at IS NOT NULL THEN
        IF OLD.forgotten_at IS NULL
           AND NEW.forgotten_at >= OLD.decided_at + interval '1096 days'
           AND (to_jsonb(NEW) - forgotten) = (to_jsonb(OLD) - forgotten) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a notice is decided once' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (to_jsonb(NEW) - its_way) IS DISTINCT FROM (to_jsonb(OLD) - its_way) THEN
        RAISE EXCEPTION 'what a notice says never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.state, NEW.state) NOT IN (
           ('RECEIVED', 'ASKED'), ('RECEIVED', 'ACTING'), ('RECEIVED', 'REJECTED'),
           ('RECEIVED', 'WITHDRAWN'), ('ASKED', 'ACTING'), ('ASKED', 'UPHELD'),
           ('ASKED', 'REJECTED'), ('ASKED', 'WITHDRAWN'), ('ACTING', 'UPHELD'),
           ('ACTING', 'REJECTED'), ('ACTING', 'WITHDRAWN')) THEN
        RAISE EXCEPTION 'a notice does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.asked_at IS NOT NULL AND (NEW.asked_at, NEW.answer_until)
           IS DISTINCT FROM (OLD.asked_at, OLD.answer_until) THEN
        RAISE EXCEPTION 'holders were told until when they may answer'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.hold_id IS NOT NULL AND NEW.hold_id IS DISTINCT FROM OLD.hold_id
       AND NOT (NEW.state = 'UPHELD' AND NEW.hold_id IS NOT NULL) THEN
        RAISE EXCEPTION 'a notice keeps the hold that it placed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER takedown_stands BEFORE INSERT OR UPDATE ON compliance_takedown
    FOR EACH ROW EXECUTE FUNCTION takedown_stands();
"""
_NEVER_GONE = """
CREATE TRIGGER refuse_delete BEFORE DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE DELETE, TRUNCATE ON {table} FROM stemma_app;
"""
_NEVER_GONE_BACK = """
DROP TRIGGER refuse_delete ON {table};
DROP TRIGGER refuse_truncate ON {table};
GRANT DELETE ON {table} TO stemma_app;
"""
_APPEALS = """
CREATE TRIGGER guard_row BEFORE UPDATE ON compliance_appeal
    FOR EACH ROW EXECUTE FUNCTION deductions_guard_row(
        'decided_at', 'decided_by', 'outcome', 'reasons');
"""
_BOTH = ("compliance_takedown", "compliance_appeal")


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0001_notices"),
        ("deductions", "0002_decided_once"),
        ("audit", "0002_guards_see_our_tables"),
    ]
    operations = [
        migrations.RunSQL(
            _NOTICES + _APPEALS + "".join(_NEVER_GONE.format(table=one) for one in _BOTH),
            "".join(_NEVER_GONE_BACK.format(table=one) for one in _BOTH)
            + "DROP TRIGGER guard_row ON compliance_appeal;"
            "DROP TRIGGER takedown_stands ON compliance_takedown;"
            "DROP FUNCTION takedown_stands();",
        ),
        refuse_changes("compliance_counterstatement"),
    ]
