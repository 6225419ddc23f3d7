"""The database's last word on live sessions: parts and minutes only grow, and minutes add up.

A minute says how many lines it has. That is checked at commit together with their sum, and a line
beyond it is refused at once, so that none enters later.
"""

from django.db import migrations

from licensing.audit.append_only import refuse_changes

_GUARDS = """
CREATE FUNCTION record_still_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM attribution_licencerecord WHERE id = NEW.record_id AND state = 'OPEN'
    ) THEN
        RAISE EXCEPTION 'licence record % is closed: % refused', NEW.record_id, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER record_still_open BEFORE INSERT ON attribution_recordpart
    FOR EACH ROW EXECUTE FUNCTION record_still_open();
CREATE TRIGGER record_still_open BEFORE INSERT ON attribution_sealedminute
    FOR EACH ROW EXECUTE FUNCTION record_still_open();

CREATE FUNCTION minute_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    its_lines bigint;
    total bigint;
BEGIN
    SELECT count(*), coalesce(sum(ppm), 0)::bigint INTO its_lines, total
        FROM attribution_minuteline WHERE sealed_minute_id = NEW.id;
    IF its_lines <> NEW.line_count
        OR total <> (CASE WHEN NEW.line_count = 0 THEN 0 ELSE 1000000 END) THEN
        RAISE EXCEPTION 'sealed minute % has % lines of % ppm', NEW.id, its_lines, total
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER minute_adds_up AFTER INSERT ON attribution_sealedminute
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION minute_adds_up();

CREATE FUNCTION minute_lines_are_its_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM attribution_minuteline line
        JOIN attribution_sealedminute sealed ON sealed.id = line.sealed_minute_id
        WHERE sealed.id IN (SELECT sealed_minute_id FROM fresh)
        GROUP BY sealed.id HAVING count(*) > sealed.line_count
    ) THEN
        RAISE EXCEPTION 'a line enters only with its minute' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER minute_lines_are_its_own AFTER INSERT ON attribution_minuteline
    REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION minute_lines_are_its_own();
"""
_BACK = """
DROP TRIGGER minute_lines_are_its_own ON attribution_minuteline;
DROP TRIGGER minute_adds_up ON attribution_sealedminute;
DROP TRIGGER record_still_open ON attribution_sealedminute;
DROP TRIGGER record_still_open ON attribution_recordpart;
DROP FUNCTION minute_lines_are_its_own();
DROP FUNCTION minute_adds_up();
DROP FUNCTION record_still_open();
"""


class Migration(migrations.Migration):
    dependencies = [("attribution", "0004_grows_in_parts")]
    operations = [
        refuse_changes("attribution_recordpart"),
        refuse_changes("attribution_sealedminute"),
        refuse_changes("attribution_minuteline"),
        migrations.RunSQL(_GUARDS, _BACK),
    ]
