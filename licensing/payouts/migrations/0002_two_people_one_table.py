"""What the database itself refuses about payouts, whoever asks.

The check constraint of four eyes would be worth nothing if somebody could first write another name
over who opened the run; therefore what a row began with never changes, and states move only along
their table (licensing.payouts.rules.states, compared by a test).
"""

from django.db import migrations

GUARDS = """
CREATE FUNCTION payouts_guard_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'OPEN' THEN
            RAISE EXCEPTION 'a payout run begins open' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state <> 'OPEN' OR (NEW.id, NEW.currency, NEW.opened_by, NEW.opened_at)
            IS DISTINCT FROM (OLD.id, OLD.currency, OLD.opened_by, OLD.opened_at) THEN
        RAISE EXCEPTION 'a payout run is decided once and never edited'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_run BEFORE INSERT OR UPDATE ON payouts_payoutrun
    FOR EACH ROW EXECUTE FUNCTION payouts_guard_run();

CREATE FUNCTION payouts_guard_payout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'DRAFT' THEN
            RAISE EXCEPTION 'a payout begins as a draft' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.run_id, NEW.account_id, NEW.currency, NEW.amount_minor)
            IS DISTINCT FROM (OLD.id, OLD.run_id, OLD.account_id, OLD.currency, OLD.amount_minor)
       OR (OLD.entry_id IS NOT NULL AND NEW.entry_id IS DISTINCT FROM OLD.entry_id)
       OR (OLD.transfer_id <> '' AND NEW.transfer_id <> OLD.transfer_id) THEN
        RAISE EXCEPTION 'a payout''s payee, amount, entry and transfer never change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state <> OLD.state AND OLD.state || '>' || NEW.state NOT IN (
        'DRAFT>APPROVED', 'DRAFT>DROPPED', 'APPROVED>SENT', 'APPROVED>FAILED',
        'SENT>PAID', 'SENT>FAILED', 'PAID>FAILED'
    ) THEN
        RAISE EXCEPTION 'a payout that is % never becomes %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'APPROVED' AND OLD.state = 'DRAFT' AND NOT EXISTS (
        SELECT 1 FROM payouts_payoutrun WHERE id = NEW.run_id AND state = 'APPROVED'
    ) THEN
        RAISE EXCEPTION 'a payout is approved with its run' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_payout BEFORE INSERT OR UPDATE ON payouts_payout
    FOR EACH ROW EXECUTE FUNCTION payouts_guard_payout();

CREATE FUNCTION payouts_guard_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.received_at < now() - interval '400 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% of a provider''s event refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER guard_event BEFORE UPDATE OR DELETE ON payouts_providerevent
    FOR EACH ROW EXECUTE FUNCTION payouts_guard_event();
"""
_KEPT = ("payoutrun", "payout", "providerevent", "payeeaccount", "paymenthold")
NOT_EMPTIED = "".join(
    f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON payouts_{table}"
    f" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();"
    for table in _KEPT
) + "".join(
    f"CREATE TRIGGER refuse_delete BEFORE DELETE ON payouts_{table}"
    f" FOR EACH ROW EXECUTE FUNCTION refuse_change();"
    f"REVOKE DELETE ON payouts_{table} FROM stemma_app;"
    for table in _KEPT
    if table != "providerevent"
)
BACK = (
    "".join(f"DROP TRIGGER refuse_truncate ON payouts_{table};" for table in _KEPT)
    + "".join(
        f"DROP TRIGGER refuse_delete ON payouts_{table};"
        f"GRANT DELETE ON payouts_{table} TO stemma_app;"
        for table in _KEPT
        if table != "providerevent"
    )
    + """
DROP TRIGGER guard_event ON payouts_providerevent;
DROP TRIGGER guard_payout ON payouts_payout;
DROP TRIGGER guard_run ON payouts_payoutrun;
DROP FUNCTION payouts_guard_event();
DROP FUNCTION payouts_guard_payout();
DROP FUNCTION payouts_guard_run();
"""
)


class Migration(migrations.Migration):
    dependencies = [("payouts", "0001_initial"), ("audit", "0001_initial")]

    operations = [migrations.RunSQL(GUARDS + NOT_EMPTIED, BACK)]
