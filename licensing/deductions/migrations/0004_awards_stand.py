"""What the database itself refuses about awards, whoever asks.

They are the whole of what is contested or there are none, seen at commit; once their dispute is
decided nothing of them changes, and before that a proposal replaces rows and edits none.
"""

from django.db import migrations

GUARD = """
CREATE FUNCTION deductions_guard_award() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    theirs uuid := CASE TG_OP WHEN 'INSERT' THEN NEW.dispute_id ELSE OLD.dispute_id END;
    decided timestamptz;
BEGIN
    SELECT decided_at INTO decided FROM deductions_dispute WHERE id = theirs FOR SHARE;
    IF TG_OP = 'UPDATE' OR decided IS NOT NULL THEN
        RAISE EXCEPTION 'deductions_award: awards of a decided dispute stand, no award is edited'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION deductions_check_awards() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    theirs uuid := CASE TG_OP WHEN 'INSERT' THEN NEW.dispute_id ELSE OLD.dispute_id END;
    whole bigint;
BEGIN
    SELECT SUM(share_ppm) INTO whole FROM deductions_award WHERE dispute_id = theirs;
    IF whole <> 1000000 THEN
        RAISE EXCEPTION 'deductions_award: shares of dispute % are % ppm together', theirs, whole
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER guard_award BEFORE INSERT OR UPDATE OR DELETE ON deductions_award
    FOR EACH ROW EXECUTE FUNCTION deductions_guard_award();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON deductions_award
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE CONSTRAINT TRIGGER awards_are_the_whole AFTER INSERT OR DELETE ON deductions_award
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION deductions_check_awards();
REVOKE UPDATE, TRUNCATE ON deductions_award FROM stemma_app;
"""
BACK = """
DROP TRIGGER awards_are_the_whole ON deductions_award;
DROP TRIGGER refuse_truncate ON deductions_award;
DROP TRIGGER guard_award ON deductions_award;
DROP FUNCTION deductions_check_awards();
DROP FUNCTION deductions_guard_award();
GRANT UPDATE ON deductions_award TO stemma_app;
"""


class Migration(migrations.Migration):

    dependencies = [("deductions", "0003_awards")]

    operations = [migrations.RunSQL(GUARD, BACK)]
