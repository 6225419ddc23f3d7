"""The database's last word on licence records: closed means closed, and lines add up."""

from django.db import migrations

from licensing.audit.append_only import refuse_changes

_GUARDS = """
CREATE FUNCTION record_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'OPEN' AND
        (NEW.id, NEW.subject_kind, NEW.subject_ref, NEW.clearance_id, NEW.use, NEW.recipe_sha256,
         NEW.terms_sha256, NEW.policy, NEW.opened_at)
        IS NOT DISTINCT FROM
        (OLD.id, OLD.subject_kind, OLD.subject_ref, OLD.clearance_id, OLD.use, OLD.recipe_sha256,
         OLD.terms_sha256, OLD.policy, OLD.opened_at)
        AND NEW.ends_at IS NOT DISTINCT FROM OLD.ends_at
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a licence record is permanent: % refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER record_stands BEFORE UPDATE OR DELETE ON attribution_licencerecord
    FOR EACH ROW EXECUTE FUNCTION record_stands();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON attribution_licencerecord
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION record_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rec uuid := CASE WHEN TG_TABLE_NAME = 'attribution_attributionline'
        THEN (to_jsonb(NEW) ->> 'record_id')::uuid ELSE (to_jsonb(NEW) ->> 'id')::uuid END;
    now_state text;
    total bigint;
BEGIN
    SELECT state INTO now_state FROM attribution_licencerecord WHERE id = rec;
    SELECT coalesce(sum(ppm), 0)::bigint INTO total
        FROM attribution_attributionline WHERE record_id = rec;
    IF total <> (CASE WHEN now_state IN ('SEALED', 'WITHDRAWN') THEN 1000000 ELSE 0 END) THEN
        RAISE EXCEPTION '% licence record % has lines of % ppm', lower(now_state), rec, total
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER record_adds_up AFTER INSERT OR UPDATE ON attribution_licencerecord
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION record_adds_up();
CREATE CONSTRAINT TRIGGER record_adds_up AFTER INSERT ON attribution_attributionline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION record_adds_up();
"""
_BACK = """
DROP TRIGGER record_adds_up ON attribution_attributionline;
DROP TRIGGER record_adds_up ON attribution_licencerecord;
DROP TRIGGER record_stands ON attribution_licencerecord;
DROP TRIGGER refuse_truncate ON attribution_licencerecord;
DROP FUNCTION record_adds_up();
DROP FUNCTION record_stands();
"""


class Migration(migrations.Migration):
    dependencies = [("attribution", "0001_initial")]
    operations = [
        refuse_changes("attribution_licencesource"),
        refuse_changes("attribution_licencegrant"),
        refuse_changes("attribution_attributionline"),
        migrations.RunSQL(_GUARDS, _BACK),
    ]
