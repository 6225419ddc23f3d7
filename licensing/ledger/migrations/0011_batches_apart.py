"""Postings of a large batch lie in a table of their own (docs/decisions/0152).

An entry says in which batch its postings lie. Where that is a large one, the entry was checked with
the batch, and the end of the transaction only asks whether it came in time. The check of new
postings counts what stands of each entry, always: before, a statement that brought all postings of
an entry once more was found only at commit, and not at all after SET CONSTRAINTS IMMEDIATE. Numbers
of postings come from one sequence and from nobody else.
"""

from django.db import migrations, models

from licensing.audit.apart import lie_apart
from licensing.audit.append_only import refuse_changes

KEYS = ("ledger_posting_pkey PRIMARY KEY (id, batch)",)
INDEXES = (
    "ledger_posting_entry_id_1c3a07af (entry_id)",
    "posting_balance (account_id) INCLUDE (side, amount_micros)",
)
COLUMNS = ("entry_id", "account_id", "side", "amount_micros", "ref", "batch")
WHOLE = """
DROP TRIGGER posting_with_entry ON ledger_posting;
DROP TRIGGER refuse_change_of_row ON ledger_posting;
DROP TRIGGER refuse_truncate ON ledger_posting;
DROP FUNCTION ledger_check_new_postings();
ALTER TABLE ledger_posting RENAME TO ledger_posting_single;
ALTER TABLE ledger_posting_single ALTER COLUMN id DROP IDENTITY, DROP CONSTRAINT ledger_posting_pkey;
DROP INDEX posting_balance, ledger_posting_entry_id_1c3a07af;
CREATE SEQUENCE ledger_posting_number;
SELECT setval('ledger_posting_number', COALESCE(MAX(id), 0) + 1, false) FROM ledger_posting_single;
CREATE TABLE ledger_posting (LIKE ledger_posting_single INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
    PARTITION BY LIST (batch);
ALTER TABLE ledger_posting ALTER COLUMN id SET DEFAULT nextval('ledger_posting_number');
ALTER TABLE ledger_posting_single ALTER COLUMN id SET DEFAULT nextval('ledger_posting_number');
ALTER SEQUENCE ledger_posting_number OWNED BY ledger_posting.id;
"""
CAME = """
came AS (
    SELECT entry_id, batch, SUM(n) AS n, bool_and(currency IS NOT NULL) AS has_accounts,
           string_agg(currency, ', ') FILTER (WHERE difference <> 0) AS unequal
    FROM (SELECT f.entry_id, f.batch, a.currency, COUNT(*) AS n,
                 SUM(CASE f.side WHEN 'debit' THEN f.amount_micros ELSE -f.amount_micros END)
                     AS difference
          FROM {fresh} f LEFT JOIN ledger_account a ON a.id = f.account_id
          GROUP BY f.entry_id, f.batch, a.currency) sides
    GROUP BY entry_id, batch
)"""
FOUND = """
SELECT CASE WHEN NOT has_accounts THEN 'a posting names an account that is not there'
            WHEN NOT is_ours OR stand > posting_count THEN 'a posting enters only with its entry'
            WHEN differ IS NULL THEN concat('entry ', entry_id, ' has ', stand, ' postings, not ',
                                            posting_count)
            ELSE concat('entry ', entry_id, ' does not balance in ', differ) END AS words,
       CASE WHEN has_accounts THEN 'check_violation' ELSE 'foreign_key_violation' END AS code
FROM stands
WHERE NOT has_accounts OR NOT is_ours OR stand > posting_count OR {unfinished}
ORDER BY has_accounts
"""
WRONG = f"""
WITH {CAME}, counted AS MATERIALIZED (
    SELECT came.*, e.posting_count,
           COALESCE(e.transaction = pg_current_xact_id()::text::bigint AND e.batch = came.batch,
                    false) AS is_ours,
           (SELECT COUNT(*) FROM ledger_posting p
            WHERE p.entry_id = came.entry_id AND p.batch = came.batch) AS stand
    FROM came LEFT JOIN ledger_journalentry e ON e.id = came.entry_id
), stands AS (
    SELECT *, CASE WHEN n = stand THEN unequal ELSE ledger_unequal(entry_id) END AS differ
    FROM counted
)
{FOUND.replace("{unfinished}", "(stand = posting_count AND differ IS NOT NULL)")}
"""
# Of a batch every entry must be complete: those it has postings of, and those that name it.
WRONG_APART = f"""
WITH {CAME}, stands AS (
    SELECT COALESCE(entry_id, id) AS entry_id, COALESCE(has_accounts, true) AS has_accounts,
           COALESCE(e.transaction = pg_current_xact_id()::text::bigint, false) AS is_ours,
           COALESCE(n, 0) AS stand, posting_count, unequal AS differ
    FROM came FULL JOIN (
        SELECT id, posting_count, transaction FROM ledger_journalentry
        WHERE id >= (SELECT MIN(entry_id) FROM {{fresh}})
          AND batch = (SELECT MIN(batch) FROM {{fresh}})
    ) e ON id = entry_id
)
{FOUND.replace("{unfinished}", "stand < posting_count OR differ IS NOT NULL")}
"""
ATTACHED = """
    EXECUTE format('INSERT INTO ledger_attachedbatch (number, transaction, first_entry)'
                   ' SELECT %s, pg_current_xact_id()::text::bigint, MIN(entry_id) FROM %I',
                   batch, part);
"""
# An entry that names a batch is complete with it, or came too late for it.
BATCHES = """
REVOKE INSERT ON ledger_attachedbatch FROM stemma_app;
GRANT MAINTAIN ON ledger_account, ledger_journalentry TO stemma_app;

CREATE FUNCTION ledger_check_batches() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM (SELECT DISTINCT batch FROM fresh WHERE batch <> 0) named
               JOIN ledger_attachedbatch attached ON attached.number = named.batch) THEN
        RAISE EXCEPTION 'a batch that is attached takes no more entries'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER in_open_batches AFTER INSERT ON ledger_journalentry
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_batches();
"""
COMPLETE = """
CREATE OR REPLACE FUNCTION ledger_check_entry() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    its_postings bigint;
BEGIN
    IF NEW.batch <> 0 THEN
        IF NOT EXISTS (SELECT 1 FROM ledger_attachedbatch a
                       WHERE a.number = NEW.batch AND a.first_entry <= NEW.id
                         AND a.transaction = pg_current_xact_id()::text::bigint) THEN
            RAISE EXCEPTION 'entry % names a batch that was not attached with it', NEW.id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END IF;
    SELECT COUNT(*) INTO its_postings FROM ledger_posting p
    WHERE p.entry_id = NEW.id AND p.batch = 0;
    IF its_postings <> NEW.posting_count THEN
        RAISE EXCEPTION 'entry % has % postings, not %', NEW.id, its_postings, NEW.posting_count
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0010_entries_by_the_set"),
        ("audit", "0002_guards_see_our_tables"),
    ]

    operations = [
        migrations.AddField(
            "journalentry",
            "batch",
            models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            "posting", "batch", models.BigIntegerField(db_default=0, default=0, editable=False)
        ),
        migrations.CreateModel(
            "AttachedBatch",
            [
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("transaction", models.BigIntegerField(editable=False)),
                ("first_entry", models.BigIntegerField()),
            ],
            options={"verbose_name_plural": "attached batches"},
        ),
        refuse_changes("ledger_attachedbatch"),
        migrations.RunSQL(WHOLE),
        lie_apart(
            "ledger_posting",
            columns=COLUMNS,
            wrong=WRONG,
            wrong_apart=WRONG_APART,
            attached=ATTACHED,
            keys=KEYS,
            indexes=INDEXES,
        ),
        migrations.RunSQL(BATCHES),
        migrations.RunSQL(COMPLETE),
    ]
