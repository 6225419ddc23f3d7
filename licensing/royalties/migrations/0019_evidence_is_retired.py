"""Evidence of months closed long ago goes, through one function that asks whether it may.

See docs/decisions/0179. The function refuses months that are younger than thirteen months, and
lists that whoever calls it has not made again, equal to the byte; of a month that is retired it
removes what was put back. What evidence is made from then on stays as it is: pools at once, counted
plays from that moment on.
"""

import django.db.models.deletion
from django.db import migrations, models

from licensing.audit.append_only import refuse_changes

RETIRE = """
CREATE FUNCTION royalties_lists_sha256(pools integer[], plays integer[], amounts bigint[])
RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = public, pg_temp AS $$
    SELECT encode(sha256(array_send(pools) || array_send(plays) || array_send(amounts)), 'hex')
$$;
CREATE FUNCTION royalties_retire_evidence(of_period uuid, given_sums bigint[], given_sha256s text[])
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    closed royalties_period;
    kept_until timestamptz;
    retired bigint;
BEGIN
    SELECT * INTO closed FROM royalties_period WHERE id = of_period;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no month was closed under this key' USING ERRCODE = 'check_violation';
    END IF;
    kept_until := GREATEST(
        closed.closed_at AT TIME ZONE 'UTC' + interval '13 months',
        closed.month + interval '1 month' + interval '13 months') AT TIME ZONE 'UTC';
    IF kept_until > now() THEN
        RAISE EXCEPTION 'the evidence of % is kept until % at least',
            to_char(closed.month, 'YYYY-MM'), kept_until USING ERRCODE = 'check_violation';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('evidence of ' || of_period, 0));
    IF EXISTS (SELECT 1 FROM royalties_retiredmonth WHERE period_id = of_period) THEN
        DELETE FROM royalties_listenerallocation a
        USING royalties_variationsum s, royalties_retiredallocation r
        WHERE s.id = a.variation_sum_id AND s.period_id = of_period AND r.variation_sum_id = s.id
          AND r.sha256 = royalties_lists_sha256(a.pools, a.plays, a.amounts_micros);
        GET DIAGNOSTICS retired = ROW_COUNT;
        RETURN retired;
    END IF;
    WITH shared AS MATERIALIZED (
        SELECT currency, number FROM royalties_payerpool
        WHERE period_id = of_period AND basis <> 'OWN'
    )
    INSERT INTO royalties_retiredallocation
        (variation_sum_id, pool_count, shared_plays, shared_micros, sha256)
    SELECT a.variation_sum_id, cardinality(a.pools), a.plays[at.place], a.amounts_micros[at.place],
           given.sha256
    FROM unnest(given_sums, given_sha256s) given (id, sha256)
    JOIN royalties_variationsum s ON s.id = given.id
    JOIN royalties_listenerallocation a ON a.variation_sum_id = s.id
    LEFT JOIN shared ON shared.currency = s.currency
    CROSS JOIN LATERAL (SELECT array_position(a.pools, shared.number) AS place) at
    WHERE s.period_id = of_period
      AND given.sha256 = royalties_lists_sha256(a.pools, a.plays, a.amounts_micros);
    GET DIAGNOSTICS retired = ROW_COUNT;
    IF retired <> (SELECT COUNT(*) FROM royalties_variationsum WHERE period_id = of_period) THEN
        RAISE EXCEPTION 'the evidence of % was not made again as it stands, so it stays',
            to_char(closed.month, 'YYYY-MM') USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO royalties_retiredmonth (period_id, retired_at, sum_count, sha256)
    SELECT of_period, now(), retired, encode(sha256(convert_to(COALESCE(
        string_agg(r.sha256, '' ORDER BY r.variation_sum_id), ''), 'UTF8')), 'hex')
    FROM royalties_retiredallocation r JOIN royalties_variationsum s ON s.id = r.variation_sum_id
    WHERE s.period_id = of_period;
    DELETE FROM royalties_listenerallocation a USING royalties_variationsum s
    WHERE s.id = a.variation_sum_id AND s.period_id = of_period;
    RETURN retired;
END $$;
"""
RETIRE_BACK = """
DROP FUNCTION royalties_retire_evidence(uuid, bigint[], text[]);
DROP FUNCTION royalties_lists_sha256(integer[], integer[], bigint[]);
"""
EVIDENCE_STAYS = """
CREATE FUNCTION royalties_evidence_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM gone WHERE NOT EXISTS (
        SELECT 1 FROM royalties_retiredallocation r WHERE r.variation_sum_id = gone.variation_sum_id
    )) THEN
        RAISE EXCEPTION 'evidence goes by being retired, and in no other way'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER evidence_stays AFTER DELETE ON royalties_listenerallocation
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION royalties_evidence_stays();
CREATE TRIGGER refuse_change_of_row BEFORE UPDATE ON royalties_listenerallocation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON royalties_listenerallocation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON royalties_listenerallocation FROM stemma_app;
REVOKE INSERT ON royalties_retiredmonth, royalties_retiredallocation FROM stemma_app;
"""
EVIDENCE_STAYS_BACK = """
DROP TRIGGER evidence_stays ON royalties_listenerallocation;
DROP TRIGGER refuse_change_of_row ON royalties_listenerallocation;
DROP TRIGGER refuse_truncate ON royalties_listenerallocation;
DROP FUNCTION royalties_evidence_stays();
GRANT UPDATE, DELETE ON royalties_listenerallocation TO stemma_app;
GRANT INSERT ON royalties_retiredmonth, royalties_retiredallocation TO stemma_app;
"""
PLAYS_STAY = """
CREATE FUNCTION royalties_retired_plays_stay() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM royalties_retiredmonth r JOIN royalties_period p ON p.id = r.period_id
        JOIN gone ON gone.accrual_month = p.month AND gone.state = 'COUNTED'
    ) THEN
        RAISE EXCEPTION 'evidence is made from this play, so it stays as it was counted'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER retired_plays_stay AFTER DELETE ON royalties_usage
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION royalties_retired_plays_stay();
CREATE TRIGGER retired_plays_stay_as_they_are AFTER UPDATE ON royalties_usage
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION royalties_retired_plays_stay();
"""
PLAYS_STAY_BACK = """
DROP TRIGGER retired_plays_stay ON royalties_usage;
DROP TRIGGER retired_plays_stay_as_they_are ON royalties_usage;
DROP FUNCTION royalties_retired_plays_stay();
"""
# Without these tables nobody would know what was retired, and its lines could not be opened.
NOT_LOST_BACK = """
DO $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM royalties_retiredallocation r
        LEFT JOIN royalties_listenerallocation a ON a.variation_sum_id = r.variation_sum_id
        WHERE a.variation_sum_id IS NULL
           OR r.sha256 <> royalties_lists_sha256(a.pools, a.plays, a.amounts_micros)
    ) THEN
        RAISE EXCEPTION 'evidence is retired that the version before cannot make again; put it back'
                        ' first: manage.py retire_evidence MONTH --put-back'
            USING ERRCODE = 'restrict_violation';
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("royalties", "0018_plays_billed_at_a_rate")]

    operations = [
        migrations.CreateModel(
            name="RetiredMonth",
            fields=[
                (
                    "period",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="retired",
                        serialize=False,
                        to="royalties.period",
                    ),
                ),
                ("retired_at", models.DateTimeField()),
                ("sum_count", models.BigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="RetiredAllocation",
            fields=[
                (
                    "variation_sum",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="retired",
                        serialize=False,
                        to="royalties.variationsum",
                    ),
                ),
                ("pool_count", models.IntegerField()),
                ("shared_plays", models.IntegerField(blank=True, null=True)),
                ("shared_micros", models.BigIntegerField(blank=True, null=True)),
                ("sha256", models.CharField(max_length=64)),
            ],
        ),
        refuse_changes("royalties_retiredmonth"),
        refuse_changes("royalties_retiredallocation"),
        refuse_changes("royalties_payerpool"),
        migrations.RunSQL(RETIRE, RETIRE_BACK),
        migrations.RunSQL(EVIDENCE_STAYS, EVIDENCE_STAYS_BACK),
        migrations.RunSQL(PLAYS_STAY, PLAYS_STAY_BACK),
        migrations.RunSQL(migrations.RunSQL.noop, NOT_LOST_BACK),
    ]
