"""What an HLS client hears: a variation, which grows to its end, or a live session, which slides.

It refuses to know addresses and encoders. Invariants: a stream is there for whoever may hear it at
this moment and for nobody else; whoever fetches a segment is noted under the playback token.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.http import Http404

from generation.compose.stream import segment_at
from generation.engine import hls
from generation.sessions import listing
from generation.sessions.models import LiveSession
from generation.sessions.queries import session_for
from generation.sessions.rules import UNDER_WAY, minute_of
from generation.variations import encodings
from generation.variations import rules as variations
from generation.variations.encodings import Wanted
from generation.variations.models import Variation
from licensing.receipts.queries import is_funded
from licensing.royalties.operations import PlaybackRefused, note_fetched, start_minute
from portal.audio.live import known_live, payer_of
from portal.audio.playlists import PREVIEW_SAMPLES, known_playback
from portal.audio.reach import audible_for
from portal.audio.signing import Leave

# What a leave for all of a stream is for.
VARIATION, SESSION = "hls", "hls:live"


class Stream(Protocol):
    """One sound for one listener, as it stands at this moment."""

    def subject(self) -> tuple[str, str]:
        """How jobs and the bell name it."""
        ...

    def play_list(self, rendition: hls.Rendition, now: datetime) -> tuple[str, bool]:
        """The media play list, and whether it is worth an answer: it names a segment, or none will
        come.
        """
        ...

    def wanted(self, form: str, index: int, now: datetime) -> Wanted | None:
        """A segment that may be fetched; None for any other."""
        ...

    def note(self, wanted: Wanted, now: datetime) -> None:
        """Count a segment that goes out; raises PlaybackRefused where the token does not allow."""
        ...


@dataclass(frozen=True, slots=True)
class VariationStream:
    """A variation: `end` is where the sound ends for this listener by now."""

    leave: Leave
    variation: Variation
    reached: int
    end: int

    def subject(self) -> tuple[str, str]:
        """See Stream."""
        return self.variation.subject()

    def play_list(self, rendition: hls.Rendition, now: datetime) -> tuple[str, bool]:
        """See Stream."""
        reached = min(self.reached, self.end)
        text = hls.media_play_list(rendition, reached=reached, end=self.end)
        is_being_made = self.variation.state in variations.UNDER_WAY
        return text, not is_being_made or hls.count_ready(rendition, reached, self.end) > 0

    def wanted(self, form: str, index: int, now: datetime) -> Wanted | None:
        """See Stream."""
        return encodings.wanted_segment(self.variation, form, index, self.end)

    def note(self, wanted: Wanted, now: datetime) -> None:
        """See Stream."""
        note_fetched(self.leave.playback, wanted.until_ms)


@dataclass(frozen=True, slots=True)
class SessionStream:
    """A live session: both codecs list the same segments."""

    leave: Leave
    session: LiveSession

    def subject(self) -> tuple[str, str]:
        """See Stream."""
        return self.session.subject()

    def play_list(self, rendition: hls.Rendition, now: datetime) -> tuple[str, bool]:
        """See Stream. Listing hands out: without a receipt that covers this moment it stays."""
        session = self.session
        is_paid = is_funded(payer_of(session), now)
        if is_paid:
            session = listing.list_ahead(session_id=session.id, now=now)
        segments = listing.window_of(session.listed)
        is_over = session.state not in UNDER_WAY
        text = hls.live_play_list(segments, is_over=is_over)
        return text, bool(segments) or is_over or not is_paid

    def wanted(self, form: str, index: int, now: datetime) -> Wanted | None:
        """See Stream."""
        return listing.wanted_segment(self.session, form, index, now)

    def note(self, wanted: Wanted, now: datetime) -> None:
        """See Stream. The minutes it begins and ends in are started."""
        start, stop = hls.span_of(wanted.index, (wanted.index + 1) * hls.SEGMENT_SAMPLES)
        for minute in sorted({minute_of(segment_at(at)) for at in (start, stop - 1)}):
            start_minute(token_text=self.leave.playback, minute=minute, now=now)


def _variation(leave: Leave, now: datetime) -> Stream | None:
    listener = (leave.listener_kind, leave.listener_ref)
    variation = audible_for(listener, leave.subject_ref, now)
    playback = known_playback(leave.playback, variation, listener, now) if variation else None
    if variation is None or playback is None:
        return None
    reached = encodings.reached_by(variation)
    audible = PREVIEW_SAMPLES if playback.token.is_preview else variation.length
    return VariationStream(leave, variation, reached, encodings.end_of(variation, audible, reached))


def _session(leave: Leave, now: datetime) -> Stream | None:
    listener = (leave.listener_kind, leave.listener_ref)
    session = session_for(listener, leave.subject_ref)
    if session is None or known_live(leave.playback, session, listener, now) is None:
        return None
    return SessionStream(leave, session)


_STREAMS: dict[str, Callable[[Leave, datetime], Stream | None]] = {
    VARIATION: _variation,
    SESSION: _session,
}


def stream_of(leave: Leave, now: datetime) -> Stream | None:
    """The stream that a leave is for, when its listener may hear it now."""
    find = _STREAMS.get(leave.piece)
    return find(leave, now) if find is not None else None


def note(stream: Stream, wanted: Wanted, now: datetime) -> None:
    """Write down that a segment goes out; what the token does not allow is not there."""
    try:
        stream.note(wanted, now)
    except PlaybackRefused as refused:
        raise Http404 from refused
