"""Guards look up tables in our schema alone, whatever the session's path of schemas says.

A session finds its temporary tables first: one called like ours, and a trigger would have asked it
whether a month is closed or an entry balances. Functions of later migrations say the path
themselves; a test holds all of them to it.
"""

from django.db import migrations

GUARDED = """
DO $$
DECLARE
    guard regprocedure;
BEGIN
    FOR guard IN
        SELECT oid FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prorettype = 'trigger'::regtype
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', guard);
    END LOOP;
END $$;
"""
# Those that were made without a path; the others say it in their own text.
UNGUARDED = (
    *("agreement_stands", "approval_stands", "deductions_guard_row", "hold_stands"),
    *("invoicing_guard_invoice", "ledger_await_linker", "ledger_check_entry"),
    *("ledger_check_months", "ledger_check_new_postings", "ledger_closing_month"),
    *("ledger_open_entry", "minute_adds_up", "minute_lines_are_its_own", "payouts_guard_event"),
    *("payouts_guard_payout", "payouts_guard_run", "record_adds_up", "record_stands"),
    *("record_still_open", "royalties_usage_once", "share_stands", "sheet_adds_up"),
    "sheet_stands",
)
BACK = "".join(f"ALTER FUNCTION {name}() RESET search_path;" for name in UNGUARDED)


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0001_initial'),
        ('attribution', '0006_external_sources'),
        ('catalog', '0002_sheets_are_guarded'),
        ('clearance', '0010_facts_once_a_recording'),
        ('deductions', '0002_decided_once'),
        ('invoicing', '0002_what_was_issued_stands'),
        ('ledger', '0010_entries_by_the_set'),
        ('payouts', '0006_plans_stand'),
        ('royalties', '0012_evidence_by_the_set'),
    ]

    operations = [migrations.RunSQL(GUARDED, BACK)]
