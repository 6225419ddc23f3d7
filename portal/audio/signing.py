"""Leave to fetch one piece of audio, as signed text that goes into an address.

It knows subjects, pieces and listeners as values. It refuses to know rows, files and requests.
Invariants: a leave is good for one piece and one listener and ends at the second it names, ten
minutes after it was given (one for HLS: with its playback); text that was changed, has expired or
was made for another purpose reads as nothing at all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.signing import BadSignature, Signer

GOOD_FOR = timedelta(minutes=10)
_SALT = "portal.audio/1"
_FIELDS = 6


@dataclass(frozen=True, slots=True)
class Leave:
    """What may be fetched. `piece`: "segment:12", "live:12:3", "file:flac", "hls", "hls:live";
    `playback`: a token or "".
    """

    subject_ref: str
    piece: str
    listener_kind: str
    listener_ref: str
    playback: str
    expires_at: int


def expiry(now: datetime) -> int:
    """The second (Unix time) at which a leave given now ends."""
    return int((now + GOOD_FOR).timestamp())


def sign(leave: Leave) -> str:
    """`leave` as text that is safe in a path."""
    fields = [
        leave.subject_ref,
        leave.piece,
        leave.listener_kind,
        leave.listener_ref,
        leave.playback,
        leave.expires_at,
    ]
    return _signer().sign_object(fields)


def read(text: str, *, now: datetime) -> Leave | None:
    """The leave that `text` holds, or None when it is forged, damaged or over."""
    try:
        fields = _signer().unsign_object(text)
    except (BadSignature, ValueError):
        return None
    if not _is_leave(fields) or fields[-1] <= now.timestamp():
        return None
    return Leave(*fields)


def _is_leave(fields: Any) -> bool:
    return (
        isinstance(fields, list)
        and len(fields) == _FIELDS
        and all(isinstance(field, str) for field in fields[:-1])
        and isinstance(fields[-1], int)
    )


def _signer() -> Signer:
    return Signer(salt=_SALT, sep="~")
