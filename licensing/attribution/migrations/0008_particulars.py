"""Particulars are written as a record is sealed, once, and under their own digest."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from licensing.audit.append_only import refuse_changes

_GUARDS = """
CREATE FUNCTION particulars_at_sealing() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM attribution_licencerecord
                   WHERE id = NEW.record_id AND state = 'OPEN') THEN
        RAISE EXCEPTION 'particulars are written when a licence record is sealed, never later'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.sha256 <> encode(sha256(convert_to(NEW.text, 'UTF8')), 'hex') THEN
        RAISE EXCEPTION 'particulars bear another digest than their own'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER particulars_at_sealing BEFORE INSERT ON attribution_recordparticulars
    FOR EACH ROW EXECUTE FUNCTION particulars_at_sealing();

CREATE FUNCTION particulars_and_seal() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM attribution_licencerecord
                   WHERE id = NEW.record_id AND state IN ('SEALED', 'WITHDRAWN')) THEN
        RAISE EXCEPTION 'licence record % has particulars and was not sealed', NEW.record_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER particulars_and_seal AFTER INSERT ON attribution_recordparticulars
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION particulars_and_seal();
"""
_BACK = """
DROP TRIGGER particulars_and_seal ON attribution_recordparticulars;
DROP TRIGGER particulars_at_sealing ON attribution_recordparticulars;
DROP FUNCTION particulars_and_seal();
DROP FUNCTION particulars_at_sealing();
"""


class Migration(migrations.Migration):
    dependencies = [("attribution", "0007_records_are_numbered")]

    operations = [
        migrations.CreateModel(
            name="RecordParticulars",
            fields=[
                (
                    "record",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="particulars",
                        serialize=False,
                        to="attribution.licencerecord",
                    ),
                ),
                ("text", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
            ],
            options={
                "verbose_name_plural": "particulars",
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(sha256__regex=r"^[0-9a-f]{64}$"),
                        name="particulars_digest_is_hex",
                    )
                ],
            },
        ),
        refuse_changes("attribution_recordparticulars"),
        migrations.RunSQL(_GUARDS, _BACK),
    ]
