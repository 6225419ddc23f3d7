"""A record has a number beside its key, which is as permanent as the rest of it."""

from django.db import migrations, models
from django.db.models import Func, Value

SEQUENCE = "CREATE SEQUENCE attribution_licencerecord_number AS integer"
# Back: the sequence belongs to the column and goes with it.
OWNED = """
ALTER SEQUENCE attribution_licencerecord_number OWNED BY attribution_licencerecord.number;
"""
STANDS = """
CREATE FUNCTION record_keeps_number() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the number of a licence record is permanent'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER record_keeps_number BEFORE UPDATE ON attribution_licencerecord FOR EACH ROW
    WHEN (NEW.number <> OLD.number) EXECUTE FUNCTION record_keeps_number();
"""
BACK = """
DROP TRIGGER record_keeps_number ON attribution_licencerecord;
DROP FUNCTION record_keeps_number();
"""


class Migration(migrations.Migration):
    dependencies = [("attribution", "0006_external_sources")]

    operations = [
        migrations.RunSQL(SEQUENCE, migrations.RunSQL.noop),
        migrations.AddField(
            "licencerecord",
            "number",
            models.IntegerField(
                db_default=Func(Value("attribution_licencerecord_number"), function="nextval"),
                editable=False,
                unique=True,
            ),
        ),
        migrations.RunSQL(OWNED, migrations.RunSQL.noop),
        migrations.RunSQL(STANDS, BACK),
    ]
