"""The database's last word on who must sign: the parties of every version that a new one ends too."""

from django.db import migrations

from licensing.audit.append_only import refuse_changes
from licensing.audit.formerly import former

# The same rule as `licensing.catalog.succession.ended_by`; a test holds the two together.
_ENDED = """
CREATE FUNCTION sheets_ended_by(made catalog_splitsheet) RETURNS SETOF uuid
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
WITH own AS (
    SELECT id, version, effective_from FROM catalog_splitsheet
    WHERE state = 'SIGNED' AND "right" = made."right" AND version < made.version
      AND (stem_id = made.stem_id OR recording_id = made.recording_id OR work_id = made.work_id)
), around AS (
    SELECT sheet.id, sheet.version, sheet.effective_from
    FROM catalog_stem stem JOIN catalog_splitsheet sheet USING (recording_id)
    WHERE stem.id = made.stem_id AND sheet.state = 'SIGNED'
), own_eras AS (
    SELECT o.id, o.effective_from AS since, COALESCE(
        (SELECT MIN(l.effective_from) FROM own l WHERE l.version > o.version), 'infinity') AS until
    FROM own o
), around_eras AS (
    SELECT a.id, a.effective_from AS since, LEAST(
        COALESCE((SELECT MIN(l.effective_from) FROM around l WHERE l.version > a.version),
                 'infinity'),
        COALESCE((SELECT MIN(o.effective_from) FROM own o), 'infinity')) AS until
    FROM around a
)
SELECT id FROM own_eras WHERE until > GREATEST(since, made.effective_from)
UNION
SELECT id FROM around_eras WHERE until > GREATEST(since, made.effective_from)
$$;
"""
_ADDS_UP = """
CREATE OR REPLACE FUNCTION sheet_adds_up() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    made catalog_splitsheet;
    total bigint;
    unsigned bigint;
BEGIN
    SELECT * INTO made FROM catalog_splitsheet WHERE id = NEW.id;
    IF made.state IN ('DRAFT', 'DECLINED') THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(sum(share_ppm), 0)::bigint INTO total
        FROM catalog_share WHERE sheet_id = made.id;
    IF total <> 1000000 THEN
        RAISE EXCEPTION 'split sheet % shares % ppm, not 1000000', made.id, total
            USING ERRCODE = 'check_violation';
    END IF;
    IF made.state <> 'SIGNED' THEN
        RETURN NULL;
    END IF;
    SELECT count(*) INTO unsigned FROM catalog_share s
        WHERE s.sheet_id = made.id AND NOT EXISTS (
            SELECT 1 FROM catalog_signature g WHERE g.sheet_id = made.id
            AND g.party_id = s.party_id AND g.text_sha256 = made.text_sha256)
        AND NOT EXISTS (
            SELECT 1 FROM sheet_stood_in(made) v WHERE v.party_id = s.party_id);
    IF unsigned > 0 THEN
        RAISE EXCEPTION 'split sheet % lacks % signatures', made.id, unsigned
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
"""
_STOOD_IN = """
CREATE FUNCTION sheet_stood_in(made catalog_splitsheet) RETURNS TABLE (party_id uuid)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
SELECT v.party_id FROM catalog_standin v
WHERE v.sheet_id = made.id AND v.state = 'DECIDED'
  AND v.decided_at >= made.proposed_at + interval '30 days'
  AND EXISTS (SELECT 1 FROM catalog_endedversion e JOIN catalog_share s ON s.sheet_id = e.ended_id
              WHERE e.sheet_id = made.id AND s.party_id = v.party_id)
$$;
"""
# At once and not at the end: a version signed later in the same transaction is not asked about.
_AGREED = """
CREATE FUNCTION ended_have_agreed() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    unsigned bigint;
BEGIN
    -- Versions of one thing, and of a recording and its stems, are signed one after the other.
    PERFORM 1 FROM catalog_recording WHERE id = NEW.recording_id OR id =
        (SELECT recording_id FROM catalog_stem WHERE id = NEW.stem_id) FOR NO KEY UPDATE;
    PERFORM 1 FROM catalog_work WHERE id = NEW.work_id FOR NO KEY UPDATE;
    SELECT count(DISTINCT s.party_id) INTO unsigned
        FROM (SELECT sheets_ended_by(NEW) AS id
              UNION SELECT ended_id FROM catalog_endedversion WHERE sheet_id = NEW.id) ended
        JOIN catalog_share s ON s.sheet_id = ended.id
        WHERE NOT EXISTS (
            SELECT 1 FROM catalog_signature g WHERE g.sheet_id = NEW.id
            AND g.party_id = s.party_id AND g.text_sha256 = NEW.text_sha256)
        AND NOT EXISTS (
            SELECT 1 FROM sheet_stood_in(NEW) v WHERE v.party_id = s.party_id);
    IF unsigned > 0 THEN
        RAISE EXCEPTION 'split sheet % lacks % signatures of parties of versions that it ends',
            NEW.id, unsigned USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ended_have_agreed AFTER INSERT OR UPDATE ON catalog_splitsheet
    FOR EACH ROW WHEN (NEW.state = 'SIGNED') EXECUTE FUNCTION ended_have_agreed();
"""
_AGREED_BACK = """
DROP TRIGGER ended_have_agreed ON catalog_splitsheet;
DROP FUNCTION ended_have_agreed();
"""
_GUARDS = """
CREATE FUNCTION ended_is_said_in_the_draft() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM catalog_splitsheet
                   WHERE id = NEW.sheet_id AND state = 'DRAFT') THEN
        RAISE EXCEPTION 'what a proposed split sheet ends never changes'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ended_is_said_in_the_draft BEFORE INSERT ON catalog_endedversion
    FOR EACH ROW EXECUTE FUNCTION ended_is_said_in_the_draft();

CREATE FUNCTION stand_in_stands() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a decision in place of a party is never deleted'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> 'OPEN' OR
        (NEW.sheet_id, NEW.party_id, NEW.document, NEW.proposed_by, NEW.proposed_at)
        IS DISTINCT FROM
        (OLD.sheet_id, OLD.party_id, OLD.document, OLD.proposed_by, OLD.proposed_at)
    THEN
        RAISE EXCEPTION 'a decision in place of a party is made once and stands'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stand_in_stands BEFORE UPDATE OR DELETE ON catalog_standin
    FOR EACH ROW EXECUTE FUNCTION stand_in_stands();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON catalog_standin
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
_GUARDS_BACK = """
DROP TRIGGER refuse_truncate ON catalog_standin;
DROP TRIGGER stand_in_stands ON catalog_standin;
DROP FUNCTION stand_in_stands();
DROP TRIGGER ended_is_said_in_the_draft ON catalog_endedversion;
DROP FUNCTION ended_is_said_in_the_draft();
"""
_NOW = """
CREATE OR REPLACE FUNCTION sheet_stands() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a split sheet is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state IN ('SIGNED', 'REPLACED', 'DECLINED') THEN
        RAISE EXCEPTION 'a % split sheet never changes', lower(OLD.state)
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'PROPOSED' AND (NEW.state = 'DRAFT' OR
        (NEW."right", NEW.recording_id, NEW.stem_id, NEW.work_id, NEW.version, NEW.text,
         NEW.text_sha256, NEW.proposed_by, NEW.proposed_at)
        IS DISTINCT FROM
        (OLD."right", OLD.recording_id, OLD.stem_id, OLD.work_id, OLD.version, OLD.text,
         OLD.text_sha256, OLD.proposed_by, OLD.proposed_at)
        OR NEW.effective_from < OLD.effective_from)
    THEN
        RAISE EXCEPTION 'what a proposed split sheet says never changes'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""
_BEFORE = former("catalog.0002_sheets_are_guarded", "_GUARDS", "sheet_stands", is_guarded=True)
_ADDED_UP = (
    former("catalog.0002_sheets_are_guarded", "_GUARDS", "sheet_adds_up", is_guarded=True)
    + """
DROP FUNCTION sheet_stood_in(catalog_splitsheet);
DROP FUNCTION sheets_ended_by(catalog_splitsheet);
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_guards_see_our_tables"),
        ("catalog", "0003_everybody_on_an_ended_version_signs"),
    ]
    operations = [
        refuse_changes("catalog_endedversion"),
        migrations.RunSQL(_GUARDS, _GUARDS_BACK),
        migrations.RunSQL(_NOW, _BEFORE),
        migrations.RunSQL(_ENDED + _STOOD_IN + _ADDS_UP, _ADDED_UP),
        migrations.RunSQL(_AGREED, _AGREED_BACK),
    ]
