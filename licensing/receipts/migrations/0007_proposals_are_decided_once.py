"""Proposed terms stand as they were written; deciding them fills the columns of the decision."""

from django.db import migrations

from licensing.receipts.proposed import GUARD, UNGUARD

_FUNCTION = """
CREATE FUNCTION receipts_guard_proposal() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    its_own text[] := ARRAY['state', 'decided_by', 'decided_at', 'decision', 'proof_method',
                            'proved_at', TG_ARGV[0]];
BEGIN
    IF OLD.decided_at IS NOT NULL
       OR (to_jsonb(NEW) - its_own) IS DISTINCT FROM (to_jsonb(OLD) - its_own) THEN
        RAISE EXCEPTION '%: what was proposed is decided once and never changed', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""
_TABLE = {"table": "receipts_proposedterms", "became": "'terms_id'"}


class Migration(migrations.Migration):
    dependencies = [("receipts", "0006_terms_are_proposed"), ("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(
            _FUNCTION + GUARD.format(**_TABLE),
            UNGUARD.format(**_TABLE) + "DROP FUNCTION receipts_guard_proposal();",
        ),
    ]
