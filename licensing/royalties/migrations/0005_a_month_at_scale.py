"""A month of millions: usages by month, evidence as lists, references looked up by the set.

See docs/decisions/0081. Usages move into a table partitioned by the month that counts them; what a
month's own index cannot see, a token or a minute counted in two months, a trigger refuses, holding
the token or the session's record. Allocations become one row per sum. Rows that exist are kept.
"""

from typing import Any

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from licensing.audit.kept_references import keep_references

USAGES = """
ALTER TABLE royalties_usage RENAME TO royalties_usage_whole;
ALTER TABLE royalties_usage_whole ALTER COLUMN id DROP IDENTITY;
CREATE SEQUENCE royalties_usage_number;
CREATE TABLE royalties_usage (
    LIKE royalties_usage_whole INCLUDING CONSTRAINTS
) PARTITION BY RANGE (accrual_month);
ALTER TABLE royalties_usage ALTER COLUMN id SET DEFAULT nextval('royalties_usage_number');
ALTER SEQUENCE royalties_usage_number OWNED BY royalties_usage.id;
CREATE TABLE royalties_usage_other PARTITION OF royalties_usage DEFAULT;
SELECT setval('royalties_usage_number', COALESCE(MAX(id), 0) + 1, false)
FROM royalties_usage_whole;
INSERT INTO royalties_usage SELECT * FROM royalties_usage_whole;
DROP TABLE royalties_usage_whole;
ALTER TABLE royalties_usage
    ADD PRIMARY KEY (id, accrual_month),
    ADD CONSTRAINT usage_once UNIQUE NULLS NOT DISTINCT (token_id, minute, accrual_month),
    ADD CONSTRAINT usage_of_its_token FOREIGN KEY (token_id)
        REFERENCES royalties_playbacktoken (id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT usage_of_its_record FOREIGN KEY (record_id)
        REFERENCES attribution_licencerecord (id) DEFERRABLE INITIALLY DEFERRED;
CREATE UNIQUE INDEX usage_minute_once ON royalties_usage (record_id, minute, accrual_month)
    WHERE minute IS NOT NULL;
CREATE INDEX usage_of_month ON royalties_usage (accrual_month, state);
CREATE INDEX usage_of_record ON royalties_usage (record_id, played_at);
CREATE INDEX usage_of_listener
    ON royalties_usage (listener_kind, listener_ref, record_id, played_at);
ALTER INDEX royalties_usage_other_token_id_minute_accrual_month_key RENAME TO usage_once_other;
ALTER INDEX royalties_usage_other_record_id_minute_accrual_month_idx
    RENAME TO usage_minute_once_other;
REVOKE ALL ON royalties_usage_other FROM stemma_app;
"""
ONCE = """
CREATE FUNCTION royalties_usage_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM royalties_playbacktoken
        WHERE id IN (SELECT token_id FROM fresh) ORDER BY id FOR NO KEY UPDATE;
    PERFORM 1 FROM attribution_licencerecord
        WHERE id IN (SELECT record_id FROM fresh WHERE minute IS NOT NULL)
        ORDER BY id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT 1 FROM fresh f JOIN royalties_usage u ON u.token_id = f.token_id
             AND u.accrual_month <> f.accrual_month AND u.minute IS NOT DISTINCT FROM f.minute
    ) OR EXISTS (
        SELECT 1 FROM fresh f JOIN royalties_usage u ON u.record_id = f.record_id
             AND u.minute = f.minute AND u.accrual_month <> f.accrual_month
    ) THEN
        RAISE EXCEPTION 'a token or a minute is counted in another month already'
            USING ERRCODE = 'unique_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER once_in_all_months AFTER INSERT ON royalties_usage
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION royalties_usage_once();
CREATE TRIGGER once_in_all_months_still AFTER UPDATE ON royalties_usage
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION royalties_usage_once();
"""
OPEN_MONTH = """
CREATE FUNCTION royalties_open_usage_month(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part text := 'royalties_usage_' || to_char(month, 'YYYY_MM');
BEGIN
    IF month <> date_trunc('month', month)::date THEN
        RAISE EXCEPTION 'a month is named by its first day' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('usage months', 0));
    IF to_regclass(part) IS NOT NULL THEN
        RETURN false;
    END IF;
    LOCK TABLE royalties_usage_other IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE %I (LIKE royalties_usage INCLUDING DEFAULTS'
                   ' INCLUDING CONSTRAINTS)', part);
    EXECUTE format('WITH moved AS (DELETE FROM royalties_usage_other WHERE accrual_month = %L'
                   ' RETURNING *) INSERT INTO %I SELECT * FROM moved', month, part);
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I UNIQUE NULLS NOT DISTINCT'
                   ' (token_id, minute, accrual_month)', part, replace(part, 'royalties_usage',
                   'usage_once'));
    EXECUTE format('CREATE UNIQUE INDEX %I ON %I (record_id, minute, accrual_month)'
                   ' WHERE minute IS NOT NULL', replace(part, 'royalties_usage',
                   'usage_minute_once'), part);
    EXECUTE format('ALTER TABLE royalties_usage ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   part, month, (month + interval '1 month')::date);
    EXECUTE format('REVOKE ALL ON %I FROM stemma_app', part);
    RETURN true;
END $$;
"""
EVIDENCE = """
INSERT INTO royalties_payerpool
    (period_id, number, basis, payer_kind, payer_ref, currency, pool_micros, plays)
SELECT period_id, ROW_NUMBER() OVER (PARTITION BY period_id
                                     ORDER BY payer_kind, payer_ref, currency), basis,
       payer_kind, payer_ref, currency, pool_micros, plays_of_pool
FROM (SELECT DISTINCT period_id, basis, payer_kind, payer_ref, currency, pool_micros, plays_of_pool
      FROM royalties_formerallocation) pools;
INSERT INTO royalties_listenerallocation (variation_sum_id, pools, plays, amounts_micros)
SELECT s.id, array_agg(p.number), array_agg(a.plays), array_agg(a.amount_micros)
FROM royalties_formerallocation a
JOIN royalties_payerpool p USING (period_id, payer_kind, payer_ref, currency)
JOIN royalties_variationsum s USING (period_id, record_id, era_from, currency)
GROUP BY s.id;
"""
PROTECT = django.db.models.deletion.PROTECT


def loose(to: str, related: str, *, may_miss: bool = False) -> models.ForeignKey[Any, Any]:
    """A reference that the database looks up by the set."""
    return models.ForeignKey(
        to,
        on_delete=PROTECT,
        related_name=related,
        db_constraint=False,
        db_index=False,
        null=may_miss,
        blank=may_miss,
    )


def line_field(
    name: str, to: str, related: str = "statement_lines", *, may_miss: bool = False
) -> migrations.AlterField:
    """A reference of a statement line."""
    return migrations.AlterField("statementline", name, loose(to, related, may_miss=may_miss))


class Migration(migrations.Migration):
    dependencies = [
        ("attribution", "0005_minutes_add_up"),
        ("catalog", "0002_sheets_are_guarded"),
        ("royalties", "0004_minutes_are_usages"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(USAGES),
                migrations.RunSQL(ONCE),
                migrations.RunSQL(OPEN_MONTH),
            ],
            [
                migrations.RemoveConstraint("usage", "usage_once"),
                migrations.RemoveConstraint("usage", "usage_minute_once"),
                migrations.RemoveIndex("usage", "usage_of_live_month"),
                migrations.AlterField(
                    "usage",
                    "record",
                    models.ForeignKey(
                        "attribution.licencerecord",
                        on_delete=PROTECT,
                        related_name="usages",
                        db_index=False,
                    ),
                ),
                migrations.AddIndex(
                    "usage", models.Index(fields=["record", "played_at"], name="usage_of_record")
                ),
                migrations.AddConstraint(
                    "usage",
                    models.UniqueConstraint(
                        fields=["token", "minute", "accrual_month"],
                        nulls_distinct=False,
                        name="usage_once",
                    ),
                ),
                migrations.AddConstraint(
                    "usage",
                    models.UniqueConstraint(
                        fields=["record", "minute", "accrual_month"],
                        condition=Q(minute__isnull=False),
                        name="usage_minute_once",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PayerPool",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("period", loose("royalties.period", "pools")),
                ("number", models.PositiveIntegerField()),
                ("basis", models.CharField(max_length=10)),
                ("payer_kind", models.CharField(max_length=20)),
                ("payer_ref", models.CharField(max_length=100)),
                ("currency", models.CharField(max_length=3)),
                ("pool_micros", models.BigIntegerField()),
                ("plays", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["period", "number"], name="payer_pool_once")
                ],
                "indexes": [
                    models.Index(fields=["payer_ref", "payer_kind"], name="payer_pool_of_payer")
                ],
            },
        ),
        migrations.RenameModel("ListenerAllocation", "FormerAllocation"),
        migrations.CreateModel(
            name="ListenerAllocation",
            fields=[
                (
                    "variation_sum",
                    models.OneToOneField(
                        on_delete=PROTECT,
                        primary_key=True,
                        related_name="allocation",
                        serialize=False,
                        to="royalties.variationsum",
                    ),
                ),
                (
                    "pools",
                    django.contrib.postgres.fields.ArrayField(models.IntegerField(), size=None),
                ),
                (
                    "plays",
                    django.contrib.postgres.fields.ArrayField(models.IntegerField(), size=None),
                ),
                (
                    "amounts_micros",
                    django.contrib.postgres.fields.ArrayField(models.BigIntegerField(), size=None),
                ),
            ],
        ),
        migrations.RunSQL(EVIDENCE),
        migrations.DeleteModel("FormerAllocation"),
        line_field("statement", "royalties.statement", "lines"),
        line_field("variation_sum", "royalties.variationsum", "lines", may_miss=True),
        line_field("record", "attribution.licencerecord"),
        line_field("stem", "catalog.stem", may_miss=True),
        line_field("sheet", "catalog.splitsheet", may_miss=True),
        line_field("party", "catalog.party", may_miss=True),
        keep_references("royalties_payerpool", {"period_id": "royalties_period"}),
        keep_references(
            "royalties_statementline",
            {
                "statement_id": "royalties_statement",
                "variation_sum_id": "royalties_variationsum",
                "record_id": "attribution_licencerecord",
                "stem_id": "catalog_stem",
                "sheet_id": "catalog_splitsheet",
                "party_id": "catalog_party",
            },
        ),
    ]
