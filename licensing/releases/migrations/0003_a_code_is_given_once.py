"""A code of a release is no recording's, and one of a recording is no release's, whoever is first."""

from django.db import migrations

_GUARD = """
CREATE FUNCTION isrc_is_given_once() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.isrc = '' THEN
        RETURN NEW;
    END IF;
    -- Whoever gives the same code at the same moment waits here and then sees the other's row.
    PERFORM pg_advisory_xact_lock(hashtextextended('isrc:' || NEW.isrc, 0));
    IF (TG_TABLE_NAME = 'catalog_recording'
        AND EXISTS (SELECT 1 FROM releases_release WHERE isrc = NEW.isrc))
       OR (TG_TABLE_NAME = 'releases_release'
        AND EXISTS (SELECT 1 FROM catalog_recording WHERE isrc = NEW.isrc)) THEN
        RAISE EXCEPTION 'the code % is given already', NEW.isrc USING ERRCODE = 'unique_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER isrc_is_given_once BEFORE INSERT OR UPDATE OF isrc ON catalog_recording
    FOR EACH ROW EXECUTE FUNCTION isrc_is_given_once();
CREATE TRIGGER isrc_is_given_once BEFORE INSERT ON releases_release
    FOR EACH ROW EXECUTE FUNCTION isrc_is_given_once();
"""
_BACK = """
DROP TRIGGER isrc_is_given_once ON releases_release;
DROP TRIGGER isrc_is_given_once ON catalog_recording;
DROP FUNCTION isrc_is_given_once();
"""


class Migration(migrations.Migration):
    dependencies = [("releases", "0002_only_added"), ("catalog", "0001_initial")]
    operations = [migrations.RunSQL(_GUARD, _BACK)]
