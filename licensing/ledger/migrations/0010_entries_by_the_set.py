"""What is asked of each entry is asked once per statement: its month, its postings, its balance.

Postings come in by statements, and each statement is looked at as a whole: an entry that is
complete after it balances, or nothing of it enters. So what is left for the end of the transaction
is whether every entry is complete, which one look into an index tells. An entry's place in a link
names the entry by the set as well; neither can go away.
"""

import django.db.models.deletion
from django.db import migrations, models

from licensing.audit.formerly import former
from licensing.audit.kept_references import keep_references

BOOKS = "ledger.0002_database_has_the_last_word"
BY_THE_SET = "ledger.0004_posted_by_the_set"
OPEN = """
CREATE OR REPLACE FUNCTION ledger_open_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.transaction := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;

CREATE FUNCTION ledger_check_months() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    its_month date;
BEGIN
    FOR its_month IN
        SELECT DISTINCT date_trunc('month', effective_at AT TIME ZONE 'UTC')::date AS month
        FROM fresh ORDER BY month
    LOOP
        PERFORM ledger_share_month(its_month);
        IF EXISTS (SELECT 1 FROM ledger_closedmonth WHERE month = its_month) THEN
            RAISE EXCEPTION 'the books of % are closed', to_char(its_month, 'YYYY-MM')
                USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER in_open_months AFTER INSERT ON ledger_journalentry
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_months();
"""
OPEN_BACK = f"""
DROP TRIGGER in_open_months ON ledger_journalentry;
DROP FUNCTION ledger_check_months();
{former(BOOKS, "ENTRY", "ledger_open_entry")}
"""
POSTINGS = """
CREATE OR REPLACE FUNCTION ledger_check_new_postings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    WITH came AS (
        SELECT entry_id, SUM(n) AS n, bool_and(currency IS NOT NULL) AS has_accounts,
               string_agg(currency, ', ') FILTER (WHERE difference <> 0) AS unequal
        FROM (SELECT f.entry_id, a.currency, COUNT(*) AS n,
                     SUM(CASE f.side WHEN 'debit' THEN f.amount_micros ELSE -f.amount_micros END)
                         AS difference
              FROM fresh f LEFT JOIN ledger_account a ON a.id = f.account_id
              GROUP BY f.entry_id, a.currency) sides
        GROUP BY entry_id
    ), stands AS (
        SELECT came.entry_id, e.posting_count, came.has_accounts,
               e.id IS NOT NULL AND e.transaction = pg_current_xact_id()::text::bigint AS is_ours,
               CASE WHEN came.n = e.posting_count THEN came.n
                    ELSE (SELECT COUNT(*) FROM ledger_posting p WHERE p.entry_id = e.id) END AS n,
               CASE WHEN came.n = e.posting_count THEN came.unequal
                    ELSE ledger_unequal(e.id) END AS unequal
        FROM came LEFT JOIN ledger_journalentry e ON e.id = came.entry_id
    )
    SELECT * INTO wrong FROM stands
    WHERE NOT has_accounts OR NOT is_ours OR n > posting_count
       OR (n = posting_count AND unequal IS NOT NULL)
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF NOT wrong.has_accounts THEN
        RAISE EXCEPTION 'a posting names an account that is not there'
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    IF NOT wrong.is_ours OR wrong.n > wrong.posting_count THEN
        RAISE EXCEPTION 'a posting enters only with its entry'
            USING ERRCODE = 'check_violation';
    END IF;
    RAISE EXCEPTION 'entry % does not balance in %', wrong.entry_id, wrong.unequal
        USING ERRCODE = 'check_violation';
END $$;
"""
# Of an entry whose postings come by several statements. The currency is looked up: were it a join,
# the plan could be a scan of all accounts.
UNEQUAL = """
CREATE FUNCTION ledger_unequal(entry bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(currency, ', ') FILTER (WHERE difference <> 0)
    FROM (SELECT currency, SUM(amount) AS difference
          FROM (SELECT (SELECT a.currency FROM ledger_account a WHERE a.id = p.account_id),
                       CASE p.side WHEN 'debit' THEN p.amount_micros ELSE -p.amount_micros END
                           AS amount
                FROM ledger_posting p WHERE p.entry_id = entry) sides
          GROUP BY currency) sums
$$;
"""
COMPLETE = """
CREATE OR REPLACE FUNCTION ledger_check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    its_postings bigint;
BEGIN
    SELECT COUNT(*) INTO its_postings FROM ledger_posting p WHERE p.entry_id = NEW.id;
    IF its_postings <> NEW.posting_count THEN
        RAISE EXCEPTION 'entry % has % postings, not %', NEW.id, its_postings, NEW.posting_count
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0009_receivable_and_billed")]

    operations = [
        migrations.RunSQL(OPEN, OPEN_BACK),
        migrations.RunSQL(UNEQUAL, "DROP FUNCTION ledger_unequal(bigint)"),
        migrations.RunSQL(POSTINGS, former(BY_THE_SET, "CHECK", "ledger_check_new_postings")),
        migrations.RunSQL(COMPLETE, former(BY_THE_SET, "BALANCE", "ledger_check_entry")),
        migrations.AlterField(
            model_name="linkedentry",
            name="entry",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                primary_key=True,
                related_name="linked",
                serialize=False,
                to="ledger.journalentry",
            ),
        ),
        keep_references("ledger_linkedentry", {"entry_id": "ledger_journalentry"}),
    ]
