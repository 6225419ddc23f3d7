"""The play list of a variation for one listener: pieces, leave to fetch them, who sounds in them.

Player and partner API read the same one. It refuses to know requests and pages. Invariants: a
listener without a receipt gets no leave beyond PREVIEW_SAMPLES; shares of a second sum to 1,000 or
are empty.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from generation.recipe import SAMPLE_RATE_HZ, WINDOW_SAMPLES
from generation.variations import evidence
from generation.variations.models import Segment, Variation
from generation.variations.rules import UNDER_WAY
from licensing.money import allocate
from licensing.receipts.queries import is_funded
from licensing.royalties.models import PlaybackToken
from licensing.royalties.operations import PlaybackRefused, issue_token, read_token
from licensing.royalties.rules.plays import PREVIEW_MS
from portal.audio.reach import Listener
from portal.audio.signing import GOOD_FOR, Leave, expiry, sign

PREVIEW_SAMPLES = PREVIEW_MS * SAMPLE_RATE_HZ // 1000
_WINDOWS_PER_SECOND = SAMPLE_RATE_HZ // WINDOW_SAMPLES


@dataclass(frozen=True, slots=True)
class Piece:
    """[start, end) samples; `shares`: per second that begins in it, parts per thousand a source."""

    index: int
    start: int
    end: int
    url: str
    shares: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class PlayList:
    """`audible`: samples this listener may hear of `length`; `complete`: none will follow."""

    state: str
    length: int
    audible: int
    complete: bool
    good_for_s: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Playback:
    """Leave to play one variation once: the token's row and its signed text."""

    token: PlaybackToken
    text: str


def audible_samples(listener: Listener, length: int, now: datetime) -> int:
    """The whole with a receipt that covers this moment, else 30 s."""
    if is_funded(listener, now):
        return length
    return min(length, PREVIEW_SAMPLES)


def open_playback(
    variation: Variation,
    listener: Listener,
    *,
    client_key: str,
    now: datetime,
    payer: Listener | None = None,
    listener_parties: Sequence[UUID | str] = (),
) -> Playback:
    """A new playback token for a variation that `reach.audible_for` returned."""
    assert variation.record_id is not None  # audible_for returns no other
    token, text = issue_token(
        record_id=variation.record_id,
        listener=listener,
        client_key=client_key,
        duration_ms=variation.length * 1000 // SAMPLE_RATE_HZ,
        now=now,
        payer=payer,
        listener_parties=listener_parties,
    )
    return Playback(token, text)


def known_playback(
    text: str, variation: Variation, listener: Listener, now: datetime
) -> Playback | None:
    """The playback of that text, when it is this listener's, for this variation, and not over."""
    try:
        token = read_token(text)
    except PlaybackRefused:
        return None
    is_theirs = (token.listener_kind, token.listener_ref) == listener
    is_for_it = token.record_id == variation.record_id
    return Playback(token, text) if is_theirs and is_for_it and token.expires_at > now else None


def play_list(variation: Variation, playback: Playback, *, after: int, now: datetime) -> PlayList:
    """The unbroken run of stored pieces from number `after` on; a gap ends it.

    Ask `reach.audible_for` first. The token says how much may be heard for as long as it lasts.
    """
    allowed = PREVIEW_SAMPLES if playback.token.is_preview else variation.length
    audible = min(variation.length, allowed)
    rows = variation.segments.filter(index__gte=after, end__lte=audible).order_by("index")
    run = tuple(_unbroken(rows, after))
    reached = run[-1].end if run else _end_of(variation, after - 1)
    is_whole = reached >= audible or variation.state not in UNDER_WAY
    count = variation.record.sources.count() if variation.record is not None else 0
    return PlayList(
        state=variation.state,
        length=variation.length,
        audible=reached if is_whole else audible,
        complete=is_whole,
        good_for_s=int(GOOD_FOR.total_seconds()),
        pieces=tuple(_piece(one, variation, playback, count, now) for one in run),
    )


def _unbroken(rows: Iterable[Segment], after: int) -> Iterable[Segment]:
    for expected, row in enumerate(rows, after):
        if row.index != expected:
            return
        yield row


def _end_of(variation: Variation, index: int) -> int:
    found = variation.segments.filter(index=index).values_list("end", flat=True).first()
    return found or 0


def _piece(
    row: Segment, variation: Variation, playback: Playback, count: int, now: datetime
) -> Piece:
    token = playback.token
    leave = Leave(
        subject_ref=str(variation.id),
        piece=f"segment:{row.index}",
        listener_kind=token.listener_kind,
        listener_ref=token.listener_ref,
        playback=playback.text,
        expires_at=expiry(now),
    )
    url = reverse("audio:serve", args=[sign(leave)])
    return Piece(row.index, row.start, row.end, url, shares_by_second(bytes(row.windows), count))


def shares_by_second(table: bytes, sources: int) -> tuple[tuple[int, ...], ...]:
    """Per second of a piece: each source's share in parts per thousand; empty when silent."""
    rows = evidence.rows_of(table, sources)
    seconds = range(0, len(rows), _WINDOWS_PER_SECOND)
    return tuple(_per_mille(rows[at : at + _WINDOWS_PER_SECOND]) for at in seconds)


def _per_mille(rows: list[evidence.Row]) -> tuple[int, ...]:
    shares = evidence.mean_shares(rows)
    if shares is None:
        return ()
    weights = [(f"{number:04}", round(share * 10**9)) for number, share in enumerate(shares)]
    parts = allocate(1_000, weights)
    return tuple(parts[key] for key, _ in weights)
