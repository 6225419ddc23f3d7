"""A party's consents as CSV: a row per right, use and stem of a grant, and one per other yes or no.

RFC 4180 (CRLF, UTF-8); several values in one cell stand apart by a vertical bar, limits are JSON,
moments ISO 8601 in UTC. Invariant: equal consents give equal bytes, and what was not recorded is an
empty cell.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from licensing.cells import safe_cell
from licensing.clearance.consents import VOICE_LIKENESS, Consent

COLUMNS = (
    "kind", "id", "at", "recording", "stem", "right", "use", "limits", "approve_first",
    "territories", "channels", "valid_from", "valid_until", "text", "text_sha256", "royalty_terms",
    "actor", "confirmed_by", "strength", "locale", "source_hmac", "evidence_sha256",
    "revoked_at", "effect", "served_until", "note",
)  # fmt: skip


def as_csv(consents: Sequence[Consent]) -> bytes:
    """The file whole, in the order given."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\r\n").writerow
    write(COLUMNS)
    for consent in consents:
        for one in _apart(consent):
            write([safe_cell(cell) for cell in _cells(one)])
    return text.getvalue().encode()


def _apart(consent: Consent) -> Iterator[Consent]:
    """One per right and use where they are named; only the use of a voice is of a likeness."""
    for use in consent.uses or ("",):
        rights = [right for right in consent.rights if right != VOICE_LIKENESS or use == "VOICE"]
        for right in rights or ("",):
            gone = tuple(one for one in consent.revoked if use in one.uses)
            yield replace(
                consent,
                uses=(use,) if use else (),
                rights=(right,) if right else (),
                revoked=gone[-1:],
            )


def _cells(one: Consent) -> tuple[object, ...]:
    gone = one.revoked[0] if one.revoked else None
    how = one.given
    return (
        *(one.kind, one.ref, _moment(one.at), one.recording, one.stem),
        *("|".join(one.rights), "|".join(one.uses), _plain(one.limits), _plain(one.approval)),
        *("|".join(one.territories), "|".join(one.channels)),
        *(_moment(one.valid_from), _moment(one.valid_until), one.text, one.text_sha256),
        "|".join(one.royalty_terms or ()),
        *(one.actor, how.method, how.strength.value, how.locale),
        *(how.source_hmac, how.evidence_sha256),
        _moment(gone.at if gone else None),
        gone.effect if gone else "",
        _moment(gone.served_until if gone else None),
        one.note,
    )


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat() if at else ""


def _plain(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":")) if value else ""
