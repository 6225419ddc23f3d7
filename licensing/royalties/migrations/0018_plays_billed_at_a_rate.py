"""Plays that were billed say at which price, and draw on what was paid at it alone.

A payer has a number for each price; whatever writes a usage, the database fills it in as before.
See docs/decisions/0160.
"""

from django.db import migrations, models

from licensing.audit.formerly import former

NUMBERED = """
CREATE OR REPLACE FUNCTION royalties_usage_numbered() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    SELECT number INTO NEW.payer_number FROM public.royalties_payer
        WHERE ref = NEW.payer_ref AND kind = NEW.payer_kind
          AND rate_micros = COALESCE(NEW.rate_micros, 0);
    IF NOT FOUND THEN
        INSERT INTO public.royalties_payer (kind, ref, rate_micros)
            VALUES (NEW.payer_kind, NEW.payer_ref, COALESCE(NEW.rate_micros, 0))
            ON CONFLICT DO NOTHING;
        SELECT number INTO STRICT NEW.payer_number FROM public.royalties_payer
            WHERE ref = NEW.payer_ref AND kind = NEW.payer_kind
              AND rate_micros = COALESCE(NEW.rate_micros, 0);
    END IF;
    SELECT number INTO NEW.record_number FROM public.attribution_licencerecord
        WHERE id = NEW.record_id;
    RETURN NEW;
END $$;
"""
STILL = """
DROP TRIGGER numbered_still ON royalties_usage;
CREATE TRIGGER numbered_still
    BEFORE UPDATE OF payer_kind, payer_ref, payer_number, record_id, record_number{rate}
    ON royalties_usage FOR EACH ROW EXECUTE FUNCTION royalties_usage_numbered();
"""
BEFORE = former("royalties.0014_plays_are_numbered", "NUMBERED", "royalties_usage_numbered")


class Migration(migrations.Migration):

    dependencies = [
        ('receipts', '0008_parts_at_a_rate'),
        ('royalties', '0017_cards_are_decided_once'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='heldpool',
            name='held_pool_once',
        ),
        migrations.RemoveConstraint(
            model_name='payer',
            name='payer_once',
        ),
        migrations.AddField(
            model_name='heldpool',
            name='rate_micros',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='payer',
            name='rate_micros',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='payerpool',
            name='rate_micros',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='usage',
            name='rate_micros',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='heldpool',
            constraint=models.UniqueConstraint(fields=('period', 'payer_kind', 'payer_ref', 'rate_micros', 'currency'), name='held_pool_once'),
        ),
        migrations.AddConstraint(
            model_name='payer',
            constraint=models.UniqueConstraint(fields=('ref', 'kind', 'rate_micros'), name='payer_once'),
        ),
        migrations.RunSQL(
            NUMBERED + STILL.format(rate=", rate_micros"), BEFORE + STILL.format(rate="")
        ),
    ]
