"""Batches: a posting's entry and account are found once per statement, and JSON as Python writes it.

Both tables are append-only, so a row that was there once stays: looking when a posting comes in is
all that a foreign key would do, and a key would do it row by row.
"""

import django.db.models.deletion
from django.db import migrations, models

from licensing.audit.formerly import former

BOOKS = "ledger.0002_database_has_the_last_word"
CHECK = """
CREATE OR REPLACE FUNCTION ledger_check_new_postings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM (SELECT DISTINCT entry_id FROM fresh) f
        LEFT JOIN ledger_journalentry e ON e.id = f.entry_id
        WHERE e.id IS NULL OR e.transaction <> pg_current_xact_id()::text::bigint
           OR (SELECT COUNT(*) FROM ledger_posting p WHERE p.entry_id = e.id) > e.posting_count
    ) THEN
        RAISE EXCEPTION 'a posting enters only with its entry'
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT 1 FROM (SELECT DISTINCT account_id FROM fresh) f
        LEFT JOIN ledger_account a ON a.id = f.account_id WHERE a.id IS NULL
    ) THEN
        RAISE EXCEPTION 'a posting names an account that is not there'
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
"""
# The currency comes by a lookup: were it a join, the plan could be a scan of all accounts per entry.
BALANCE = """
CREATE OR REPLACE FUNCTION ledger_check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    its_postings bigint;
    unequal text;
BEGIN
    SELECT COALESCE(SUM(n), 0), string_agg(currency, ', ') FILTER (WHERE difference <> 0)
    INTO its_postings, unequal
    FROM (
        SELECT currency, COUNT(*) AS n, SUM(amount) AS difference
        FROM (SELECT (SELECT a.currency FROM ledger_account a WHERE a.id = p.account_id),
                     CASE p.side WHEN 'debit' THEN p.amount_micros ELSE -p.amount_micros END
                         AS amount
              FROM ledger_posting p WHERE p.entry_id = NEW.id) AS sides
        GROUP BY currency
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
"""
JSON_TEXT = r"""
CREATE FUNCTION ledger_json_text(said text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN said ~ '^[ -~]*$'
        THEN '"' || replace(replace(said, '\', '\\'), '"', '\"') || '"'
        ELSE (SELECT '"' || string_agg(CASE
                WHEN letter IN ('"', '\') THEN '\' || letter
                WHEN code BETWEEN 32 AND 126 THEN letter
                WHEN code = 8 THEN '\b' WHEN code = 9 THEN '\t' WHEN code = 10 THEN '\n'
                WHEN code = 12 THEN '\f' WHEN code = 13 THEN '\r'
                WHEN code < 65536 THEN '\u' || lpad(to_hex(code), 4, '0')
                ELSE '\u' || to_hex(55296 + ((code - 65536) >> 10))
                  || '\u' || to_hex(56320 + ((code - 65536) & 1023)) END, '' ORDER BY place) || '"'
              FROM (SELECT letter, ascii(letter) AS code, place
                    FROM regexp_split_to_table(said, '') WITH ORDINALITY AS l (letter, place)) t)
        END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_payouts_on_their_way")]

    operations = [
        migrations.AlterField(
            model_name="posting",
            name="entry",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="postings",
                to="ledger.journalentry",
            ),
        ),
        migrations.AlterField(
            model_name="posting",
            name="account",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="postings",
                to="ledger.account",
            ),
        ),
        migrations.RunSQL(CHECK, former(BOOKS, "ENTRY", "ledger_check_new_postings")),
        migrations.RunSQL(BALANCE, former(BOOKS, "ENTRY", "ledger_check_entry")),
        migrations.RunSQL(JSON_TEXT, "DROP FUNCTION ledger_json_text(text)"),
    ]
