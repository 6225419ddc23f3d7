"""Grants, withdrawals, agreements and decisions only grow; a hold changes once, on its release."""

from django.db import migrations

from licensing.audit.append_only import refuse_changes

_HOLDS = """
CREATE FUNCTION hold_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.released_at IS NULL AND NEW.released_at IS NOT NULL AND
        (NEW.id, NEW.target_kind, NEW.target_ref, NEW.reason, NEW.placed_by, NEW.placed_at) =
        (OLD.id, OLD.target_kind, OLD.target_ref, OLD.reason, OLD.placed_by, OLD.placed_at)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a hold changes only once, by its release'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER hold_stands BEFORE UPDATE OR DELETE ON clearance_hold
    FOR EACH ROW EXECUTE FUNCTION hold_stands();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON clearance_hold
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
_BACK = """
DROP TRIGGER hold_stands ON clearance_hold;
DROP TRIGGER refuse_truncate ON clearance_hold;
DROP FUNCTION hold_stands();
"""


class Migration(migrations.Migration):
    dependencies = [("clearance", "0001_initial")]
    operations = [
        refuse_changes("clearance_grant"),
        refuse_changes("clearance_withdrawal"),
        refuse_changes("clearance_clearance"),
        refuse_changes("clearance_societyagreement"),
        migrations.RunSQL(_HOLDS, _BACK),
    ]
