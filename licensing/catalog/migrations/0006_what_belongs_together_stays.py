"""A stem stays in its recording, a recording with its work, a stem with the audio it once had.

Whose a stem is follows from the sheets of its recording and work, so moving one by hand would move
what everybody has earned and permitted, also before.
"""

from django.db import migrations

_GUARDS = """
CREATE FUNCTION belonging_stands() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'a % never moves: %', TG_ARGV[0], TG_ARGV[1]
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER stem_stays BEFORE UPDATE OF recording_id ON catalog_stem FOR EACH ROW
    WHEN (NEW.recording_id IS DISTINCT FROM OLD.recording_id)
    EXECUTE FUNCTION belonging_stands('stem', 'its sheets are those of its recording');
CREATE TRIGGER stem_keeps_its_audio BEFORE UPDATE OF audio_id ON catalog_stem FOR EACH ROW
    WHEN (OLD.audio_id IS NOT NULL AND NEW.audio_id IS DISTINCT FROM OLD.audio_id)
    EXECUTE FUNCTION belonging_stands('stem', 'add another one for other audio');
CREATE TRIGGER recording_stays BEFORE UPDATE OF work_id ON catalog_recording FOR EACH ROW
    WHEN (NEW.work_id IS DISTINCT FROM OLD.work_id)
    EXECUTE FUNCTION belonging_stands('recording', 'its writers stand on the sheet of its work');
"""
_BACK = """
DROP TRIGGER recording_stays ON catalog_recording;
DROP TRIGGER stem_keeps_its_audio ON catalog_stem;
DROP TRIGGER stem_stays ON catalog_stem;
DROP FUNCTION belonging_stands();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_societies_by_one_name")]
    operations = [migrations.RunSQL(_GUARDS, _BACK)]
