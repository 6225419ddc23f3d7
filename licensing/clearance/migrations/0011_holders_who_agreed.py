"""An agreement on consent binds a stem while every holder of it has signed: who joins signs first.

Until then everybody must say yes, as without an agreement. See docs/decisions/0092.
"""

from importlib import import_module

from django.db import migrations

_DROP = "DROP FUNCTION clearance_facts(uuid[], text, timestamptz);"
_BEFORE: str = import_module("licensing.clearance.migrations.0010_facts_once_a_recording")._FACTS
_CHANGES = (
    (
        "SELECT a.kind, a.authority_id FROM",
        """SELECT a.kind, a.authority_id, ARRAY(
            SELECT g.party_id FROM clearance_consentsignature g
            WHERE g.agreement_id = a.id AND g.signed_at <= moment) AS signers
        FROM""",
    ),
    ("agreed.authority_id AS authority", "agreed.authority_id AS authority, agreed.signers"),
    ("w.quorum, w.authority,", "w.quorum, w.authority, w.signers,"),
    (
        "d.quorum::text, d.authority",
        """CASE WHEN d.signers @> (d.master_parties || d.publishing_parties)
        THEN d.quorum::text END, d.authority""",
    ),
)


def _changed(text: str) -> str:
    for old, new in _CHANGES:
        if text.count(old) != 1:
            raise LookupError(f"The text before does not say once: {old}")
        text = text.replace(old, new)
    return text


class Migration(migrations.Migration):
    dependencies = [("clearance", "0010_facts_once_a_recording")]
    operations = [migrations.RunSQL(_DROP + _changed(_BEFORE), _DROP + _BEFORE)]
