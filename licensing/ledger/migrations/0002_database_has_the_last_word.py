"""What the database itself refuses in the books, whoever asks.

The check of an entry is deferred to commit and fires once per entry. Were it the only check,
`SET CONSTRAINTS ... IMMEDIATE` in the middle of a transaction would let later postings through
unchecked; therefore an entry says how many postings it has, and a further one is refused at once.
"""

from django.db import migrations

from licensing.audit.append_only import refuse_changes

MONTHS = """
CREATE FUNCTION ledger_share_month(month date) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock_shared(
        hashtextextended('ledger month', to_char(month, 'YYYYMM')::bigint));
$$;
CREATE FUNCTION ledger_hold_month(month date) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(
        hashtextextended('ledger month', to_char(month, 'YYYYMM')::bigint));
$$;
CREATE FUNCTION ledger_closing_month() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger_hold_month(NEW.month);
    RETURN NEW;
END $$;
CREATE TRIGGER hold_month BEFORE INSERT ON ledger_closedmonth
    FOR EACH ROW EXECUTE FUNCTION ledger_closing_month();
"""
MONTHS_BACK = """
DROP TRIGGER hold_month ON ledger_closedmonth;
DROP FUNCTION ledger_closing_month();
DROP FUNCTION ledger_hold_month(date);
DROP FUNCTION ledger_share_month(date);
"""

ENTRY = """
CREATE FUNCTION ledger_open_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    its_month date := date_trunc('month', NEW.effective_at AT TIME ZONE 'UTC')::date;
BEGIN
    NEW.transaction := pg_current_xact_id()::text::bigint;
    PERFORM ledger_share_month(its_month);
    IF EXISTS (SELECT 1 FROM ledger_closedmonth WHERE month = its_month) THEN
        RAISE EXCEPTION 'the books of % are closed', to_char(its_month, 'YYYY-MM')
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER open_entry BEFORE INSERT ON ledger_journalentry
    FOR EACH ROW EXECUTE FUNCTION ledger_open_entry();

CREATE FUNCTION ledger_check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    its_postings bigint;
    unequal text;
BEGIN
    SELECT COALESCE(SUM(n), 0), string_agg(currency, ', ') FILTER (WHERE difference <> 0)
    INTO its_postings, unequal
    FROM (
        SELECT a.currency, COUNT(*) AS n,
               SUM(CASE p.side WHEN 'debit' THEN p.amount_micros ELSE -p.amount_micros END)
                   AS difference
        FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id
        WHERE p.entry_id = NEW.id GROUP BY a.currency
    ) AS sums;
    IF its_postings <> NEW.posting_count THEN
        RAISE EXCEPTION 'entry % has % postings, not %', NEW.id, its_postings, NEW.posting_count
            USING ERRCODE = 'check_violation';
    END IF;
    IF unequal IS NOT NULL THEN
        RAISE EXCEPTION 'entry % does not balance in %', NEW.id, unequal
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entry_balances AFTER INSERT ON ledger_journalentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_entry();

CREATE FUNCTION ledger_check_new_postings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM (SELECT DISTINCT entry_id FROM fresh) f
        JOIN ledger_journalentry e ON e.id = f.entry_id
        WHERE e.transaction <> pg_current_xact_id()::text::bigint
           OR (SELECT COUNT(*) FROM ledger_posting p WHERE p.entry_id = e.id) > e.posting_count
    ) THEN
        RAISE EXCEPTION 'a posting enters only with its entry'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER posting_with_entry AFTER INSERT ON ledger_posting
    REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_new_postings();
"""
ENTRY_BACK = """
DROP TRIGGER posting_with_entry ON ledger_posting;
DROP FUNCTION ledger_check_new_postings();
DROP TRIGGER entry_balances ON ledger_journalentry;
DROP FUNCTION ledger_check_entry();
DROP TRIGGER open_entry ON ledger_journalentry;
DROP FUNCTION ledger_open_entry();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial"), ("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(MONTHS, MONTHS_BACK),
        migrations.RunSQL(ENTRY, ENTRY_BACK),
        refuse_changes("ledger_account"),
        refuse_changes("ledger_journalentry"),
        refuse_changes("ledger_posting"),
        refuse_changes("ledger_closedmonth"),
    ]
