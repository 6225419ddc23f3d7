"""Whether a recording's words are explicit comes with the facts, and an answer stands as given.

How a yes or a no to a variation was given changes only by taking it back, which leaves no trace in
the row; the log of facts keeps it.
"""

from importlib import import_module

from django.db import migrations

from licensing.audit.formerly import former

_DROP = "DROP FUNCTION clearance_facts(uuid[], text, timestamptz);"
_EARLIER = import_module("licensing.clearance.migrations.0011_holders_who_agreed")
_BEFORE: str = _EARLIER._changed(_EARLIER._BEFORE)
_CHANGES = (
    ("quorum text, authority uuid)", "quorum text, authority uuid, explicit boolean)"),
    ("SELECT r.id, r.state, ", "SELECT r.id, r.state, r.explicit, "),
    ("SELECT s.*, w.state AS recording_state,", "SELECT s.*, w.state AS recording_state, w.explicit,"),
    ("THEN d.quorum::text END, d.authority", "THEN d.quorum::text END, d.authority, d.explicit"),
)


def _changed(text: str) -> str:
    for old, new in _CHANGES:
        if text.count(old) != 1:
            raise LookupError(f"The text before does not say once: {old}")
        text = text.replace(old, new)
    return text


_STANDS = """
CREATE OR REPLACE FUNCTION approval_stands() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND
        (NEW.id, NEW.clearance_id, NEW.party_id, NEW.recording_id, NEW.shares, NEW.asked_at) =
        (OLD.id, OLD.clearance_id, OLD.party_id, OLD.recording_id, OLD.shares, OLD.asked_at) AND
        (OLD.decided_at IS NULL OR NEW.decided_at IS NULL OR
         (NEW.state, NEW.decided_at, NEW.decided_by, NEW.reason, NEW.method, NEW.strength,
          NEW.locale, NEW.source_hmac, NEW.evidence_sha256) =
         (OLD.state, OLD.decided_at, OLD.decided_by, OLD.reason, OLD.method, OLD.strength,
          OLD.locale, OLD.source_hmac, OLD.evidence_sha256))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an approval is settled, never removed or asked of somebody else'
        USING ERRCODE = 'restrict_violation';
END $$;
"""
_STOOD = former(
    "clearance.0007_facts_with_approvals", "_KEPT", "approval_stands", is_guarded=True
)


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_guards_see_our_tables"),
        ("clearance", "0012_how_it_was_given"),
    ]
    operations = [
        migrations.RunSQL(_DROP + _changed(_BEFORE), _DROP + _BEFORE),
        migrations.RunSQL(_STANDS, _STOOD),
    ]
