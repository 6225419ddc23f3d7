"""A usage says its payer and its record as numbers as well, so that a close looks nothing up.

See docs/decisions/0131. Whatever writes a usage, by whatever statement, the database fills both in;
a payer gets a number with the first play that is to be paid by it. And lists of evidence are kept
as they are: numbers of pools do not get shorter, and trying that took longer than writing them.
"""

from django.db import migrations, models

from licensing.audit.append_only import refuse_changes

NUMBERED = """
CREATE FUNCTION royalties_usage_numbered() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    SELECT number INTO NEW.payer_number FROM public.royalties_payer
        WHERE ref = NEW.payer_ref AND kind = NEW.payer_kind;
    IF NOT FOUND THEN
        INSERT INTO public.royalties_payer (kind, ref) VALUES (NEW.payer_kind, NEW.payer_ref)
            ON CONFLICT DO NOTHING;
        SELECT number INTO STRICT NEW.payer_number FROM public.royalties_payer
            WHERE ref = NEW.payer_ref AND kind = NEW.payer_kind;
    END IF;
    SELECT number INTO NEW.record_number FROM public.attribution_licencerecord
        WHERE id = NEW.record_id;
    RETURN NEW;
END $$;
CREATE TRIGGER numbered BEFORE INSERT ON royalties_usage
    FOR EACH ROW EXECUTE FUNCTION royalties_usage_numbered();
CREATE TRIGGER numbered_still
    BEFORE UPDATE OF payer_kind, payer_ref, payer_number, record_id, record_number
    ON royalties_usage FOR EACH ROW EXECUTE FUNCTION royalties_usage_numbered();
"""
NUMBERED_BACK = """
DROP TRIGGER numbered ON royalties_usage;
DROP TRIGGER numbered_still ON royalties_usage;
DROP FUNCTION royalties_usage_numbered();
"""
# What was counted before gets its numbers in one go; no month changes, so nothing is asked of it.
FILLED = """
ALTER TABLE royalties_usage ADD COLUMN payer_number integer, ADD COLUMN record_number integer;
ALTER TABLE royalties_usage DISABLE TRIGGER once_in_all_months_still;
INSERT INTO royalties_payer (kind, ref)
SELECT DISTINCT payer_kind, payer_ref FROM royalties_usage ORDER BY payer_kind, payer_ref;
UPDATE royalties_usage u SET payer_number = p.number, record_number = r.number
FROM royalties_payer p, attribution_licencerecord r
WHERE p.ref = u.payer_ref AND p.kind = u.payer_kind AND r.id = u.record_id;
ALTER TABLE royalties_usage ENABLE TRIGGER once_in_all_months_still;
ALTER TABLE royalties_usage
    ALTER COLUMN payer_number SET DEFAULT 0, ALTER COLUMN record_number SET DEFAULT 0,
    ALTER COLUMN payer_number SET NOT NULL, ALTER COLUMN record_number SET NOT NULL;
"""
FILLED_BACK = """
ALTER TABLE royalties_usage DROP COLUMN payer_number, DROP COLUMN record_number;
"""
EVIDENCE = """
ALTER TABLE royalties_listenerallocation
    ALTER COLUMN pools SET STORAGE {0}, ALTER COLUMN amounts_micros SET STORAGE {0};
"""


class Migration(migrations.Migration):
    dependencies = [
        ("attribution", "0007_records_are_numbered"),
        ("royalties", "0013_lines_apart"),
    ]

    operations = [
        migrations.CreateModel(
            name="Payer",
            fields=[
                ("number", models.AutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("ref", models.CharField(max_length=100)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["ref", "kind"], name="payer_once")]
            },
        ),
        refuse_changes("royalties_payer"),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(FILLED, FILLED_BACK), migrations.RunSQL(NUMBERED, NUMBERED_BACK)],
            [
                migrations.AddField(
                    "usage", "payer_number", models.IntegerField(db_default=0, editable=False)
                ),
                migrations.AddField(
                    "usage", "record_number", models.IntegerField(db_default=0, editable=False)
                ),
            ],
        ),
        migrations.RunSQL(EVIDENCE.format("EXTERNAL"), EVIDENCE.format("EXTENDED")),
    ]
