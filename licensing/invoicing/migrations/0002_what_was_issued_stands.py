"""What the database itself refuses about invoices, whoever asks.

What a draft counted never changes, a number is given once and never taken away, states move only
along their table (licensing.invoicing.rules, compared by a test), and nothing is deleted.
"""

from django.db import migrations

from licensing.audit.append_only import refuse_changes

GUARD = """
CREATE FUNCTION invoicing_guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'DRAFT' THEN
            RAISE EXCEPTION 'an invoice begins as a draft' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.agreement_id, NEW.payer_kind, NEW.payer_ref, NEW.month, NEW.country,
        NEW.currency, NEW.tax_ppm, NEW.rounding_micros, NEW.net_micros, NEW.tax_micros)
       IS DISTINCT FROM
       (OLD.id, OLD.agreement_id, OLD.payer_kind, OLD.payer_ref, OLD.month, OLD.country,
        OLD.currency, OLD.tax_ppm, OLD.rounding_micros, OLD.net_micros, OLD.tax_micros)
       OR (OLD.number IS NOT NULL AND (NEW.number, NEW.entry_id, NEW.issued_at, NEW.due_on)
           IS DISTINCT FROM (OLD.number, OLD.entry_id, OLD.issued_at, OLD.due_on))
       OR (OLD.receipt_id IS NOT NULL AND (NEW.receipt_id, NEW.settled_by, NEW.claimed_by)
           IS DISTINCT FROM (OLD.receipt_id, OLD.settled_by, OLD.claimed_by)) THEN
        RAISE EXCEPTION 'what an invoice says, its number and its receipt never change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state <> OLD.state AND OLD.state || '>' || NEW.state NOT IN (
        'DRAFT>ISSUED', 'DRAFT>DROPPED', 'ISSUED>PAID', 'ISSUED>VOIDED'
    ) THEN
        RAISE EXCEPTION 'an invoice that is % never becomes %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_invoice BEFORE INSERT OR UPDATE ON invoicing_invoice
    FOR EACH ROW EXECUTE FUNCTION invoicing_guard_invoice();
CREATE TRIGGER refuse_delete BEFORE DELETE ON invoicing_invoice
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON invoicing_invoice
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE DELETE, TRUNCATE ON invoicing_invoice FROM stemma_app;
"""
BACK = """
GRANT DELETE ON invoicing_invoice TO stemma_app;
DROP TRIGGER refuse_truncate ON invoicing_invoice;
DROP TRIGGER refuse_delete ON invoicing_invoice;
DROP TRIGGER guard_invoice ON invoicing_invoice;
DROP FUNCTION invoicing_guard_invoice();
"""


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0001_what_partners_owe"), ("audit", "0001_initial")]

    operations = [refuse_changes("invoicing_invoiceline"), migrations.RunSQL(GUARD, BACK)]
