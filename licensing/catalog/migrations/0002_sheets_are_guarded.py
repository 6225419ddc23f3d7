"""The database's last word on split sheets: they add up, and once signed they stand."""

from django.db import migrations

from licensing.audit.append_only import refuse_changes

_GUARDS = """
CREATE FUNCTION sheet_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a split sheet is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state IN ('SIGNED', 'REPLACED') THEN
        RAISE EXCEPTION 'a % split sheet never changes', lower(OLD.state)
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'PROPOSED' AND (NEW.state = 'DRAFT' OR
        (NEW."right", NEW.recording_id, NEW.stem_id, NEW.work_id, NEW.version, NEW.text, NEW.text_sha256)
        IS DISTINCT FROM
        (OLD."right", OLD.recording_id, OLD.stem_id, OLD.work_id, OLD.version, OLD.text, OLD.text_sha256))
    THEN
        RAISE EXCEPTION 'what a proposed split sheet says never changes'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sheet_stands BEFORE UPDATE OR DELETE ON catalog_splitsheet
    FOR EACH ROW EXECUTE FUNCTION sheet_stands();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON catalog_splitsheet
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION share_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sheet_state text;
BEGIN
    SELECT state INTO sheet_state FROM catalog_splitsheet
        WHERE id = CASE WHEN TG_OP = 'INSERT' THEN NEW.sheet_id ELSE OLD.sheet_id END;
    IF sheet_state <> 'DRAFT' THEN
        RAISE EXCEPTION 'shares of a % split sheet never change', lower(sheet_state)
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.sheet_id <> OLD.sheet_id THEN
        RAISE EXCEPTION 'a share stays on its split sheet' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER share_stands BEFORE INSERT OR UPDATE OR DELETE ON catalog_share
    FOR EACH ROW EXECUTE FUNCTION share_stands();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON catalog_share
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION sheet_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    now_state text;
    total bigint;
    unsigned bigint;
BEGIN
    SELECT state INTO now_state FROM catalog_splitsheet WHERE id = NEW.id;
    IF now_state = 'DRAFT' THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(sum(share_ppm), 0)::bigint INTO total
        FROM catalog_share WHERE sheet_id = NEW.id;
    IF total <> 1000000 THEN
        RAISE EXCEPTION 'split sheet % shares % ppm, not 1000000', NEW.id, total
            USING ERRCODE = 'check_violation';
    END IF;
    IF now_state = 'SIGNED' THEN
        SELECT count(*) INTO unsigned FROM catalog_share s
            WHERE s.sheet_id = NEW.id AND NOT EXISTS (
                SELECT 1 FROM catalog_signature g WHERE g.sheet_id = s.sheet_id
                AND g.party_id = s.party_id AND g.text_sha256 = NEW.text_sha256);
        IF unsigned > 0 THEN
            RAISE EXCEPTION 'split sheet % lacks % signatures', NEW.id, unsigned
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER sheet_adds_up AFTER INSERT OR UPDATE ON catalog_splitsheet
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sheet_adds_up();
"""
_BACK = """
DROP TRIGGER sheet_adds_up ON catalog_splitsheet;
DROP TRIGGER sheet_stands ON catalog_splitsheet;
DROP TRIGGER refuse_truncate ON catalog_splitsheet;
DROP TRIGGER share_stands ON catalog_share;
DROP TRIGGER refuse_truncate ON catalog_share;
DROP FUNCTION sheet_adds_up();
DROP FUNCTION sheet_stands();
DROP FUNCTION share_stands();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]
    operations = [
        refuse_changes("catalog_signature"),
        migrations.RunSQL(_GUARDS, _BACK),
    ]
