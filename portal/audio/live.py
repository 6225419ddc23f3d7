"""Live sessions for whoever plays them: what may be fetched now, who sounds in it, what changes.

Page, player and partner API read the same list. It refuses to know requests and pages. Invariants:
a segment is listed in one version at a time, and only while what it holds still stands; without a
receipt that covers this moment nothing is listed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from struct import iter_unpack
from uuid import UUID

from django.urls import reverse

from generation.compose.stream import Place, first_changed, segment_range, version_of
from generation.recipe import SAMPLE_RATE_HZ
from generation.sessions import rules
from generation.sessions.asking import is_waiting
from generation.sessions.models import LiveSegment, LiveSession, Section
from generation.sessions.queries import Stand, list_segments, places_of
from generation.variations import evidence
from generation.variations.picture import Window, model_parts
from licensing.attribution.queries import LineView, lines_in_order
from licensing.money import allocate
from licensing.receipts.queries import is_funded
from licensing.royalties.operations import PlaybackRefused, issue_token, read_token
from portal.audio.playlists import Playback
from portal.audio.reach import Listener
from portal.audio.signing import GOOD_FOR, Leave, expiry, sign

NO_POOL = "Your subscription does not cover this moment, so the session waits."


@dataclass(frozen=True, slots=True)
class LivePiece:
    """One second, [start, end) samples of the session, at `url`.

    `version` grows when a change makes the second anew; `shares`: parts per thousand by source,
    `model`: what of them a model wrote, empty where it wrote nothing; `loudness`: from 0 to 1, see
    `evidence.loudness_of`.
    """

    number: int
    version: int
    start: int
    end: int
    url: str
    shares: tuple[int, ...]
    loudness: float
    model: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Coming:
    """A second that is being made: `url` answers as soon as it is there."""

    number: int
    version: int
    start: int
    end: int
    url: str


@dataclass(frozen=True, slots=True)
class LivePlan:
    """A section as it stands: its bar lines are samples of the session.

    `control`: the number of the change whose wishes hold in it, 0 for those of the beginning.
    `keys`: what permission lets it be in, lowest first; none where no key is known.
    """

    number: int
    start: int
    end: int
    lines: tuple[int, ...]
    tempo_bpm: float | None
    key: str | None
    energy: float
    because: str
    control: int
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveList:
    """What a player learns: sections from the last known on, seconds from the one wanted on.

    `is_over`: nothing will follow; `sentence` says why, where somebody should know; `is_waiting`: a
    change was asked for and is not planned yet.
    """

    state: str
    is_over: bool
    sentence: str
    is_waiting: bool
    good_for_s: int
    sources: tuple[LineView, ...]
    plan: tuple[LivePlan, ...]
    pieces: tuple[LivePiece, ...]


def open_live(
    session: LiveSession,
    listener: Listener,
    *,
    client_key: str,
    now: datetime,
    listener_parties: Sequence[UUID | str] = (),
) -> Playback:
    """Leave to hear a session whose record is open."""
    assert session.record_id is not None
    token, text = issue_token(
        record_id=session.record_id,
        listener=listener,
        client_key=client_key,
        duration_ms=rules.LONGEST * 1000 // SAMPLE_RATE_HZ,
        now=now,
        payer=payer_of(session),
        listener_parties=listener_parties,
    )
    return Playback(token, text)


def payer_of(session: LiveSession) -> Listener:
    """Whose receipts pay for it: the requester's."""
    return (session.requester_kind, session.requester_ref)


def known_live(
    text: str, session: LiveSession, listener: Listener, now: datetime
) -> Playback | None:
    """The playback of that text, when it is this listener's, of this session, and not over."""
    try:
        token = read_token(text)
    except PlaybackRefused:
        return None
    is_theirs = (token.listener_kind, token.listener_ref) == listener
    is_of_it = token.record_id == session.record_id
    return Playback(token, text) if is_theirs and is_of_it and token.expires_at > now else None


@dataclass(frozen=True, slots=True)
class News:
    """What a player does not know yet, as rows, before anybody writes it out.

    `sentence`: why there is no more, for a listener; `is_waiting`: a change was asked for that no
    section follows yet.
    """

    places: tuple[Place, ...]
    rows: tuple[LiveSegment, ...]
    is_over: bool
    sentence: str
    is_waiting: bool

    def is_any(self, was_waiting: bool) -> bool:
        """Whether somebody who waits should hear of it."""
        found = bool(self.places or self.rows or self.sentence)
        return found or self.is_over or self.is_waiting != was_waiting


def news_of(session: LiveSession, stand: Stand, *, after: int, have: int, now: datetime) -> News:
    """Segments from number `after` on and sections after number `have` (-1: all that stand).

    A section that is new to the player may change seconds before `after`: those are listed too.
    """
    is_over = session.state not in rules.UNDER_WAY
    places = tuple(place for place in stand.chain if place.number > have)
    rows: list[LiveSegment] = []
    is_paid = is_funded(payer_of(session), now)
    if is_paid and session.record_id is not None:
        first = min([after, *(first_changed(place.start) for place in places if have >= 0)])
        rows = list_segments(session, stand, max(0, first))
    sentence = session.end_sentence if is_over else ("" if is_paid else NO_POOL)
    return News(places, tuple(rows), is_over, sentence, is_waiting(session))


def live_list(session: LiveSession, playback: Playback, news: News, now: datetime) -> LiveList:
    """The news written out for the holder of `playback`."""
    sources = lines_of_session(session)
    columns = {one.digest: number for number, one in enumerate(sources)}
    return LiveList(
        state=session.state,
        is_over=news.is_over,
        sentence=news.sentence,
        is_waiting=news.is_waiting,
        good_for_s=int(GOOD_FOR.total_seconds()),
        sources=sources,
        plan=_plan(session, news.places),
        pieces=tuple(_piece(row, session, playback, columns, now) for row in news.rows),
    )


def lines_of_session(session: LiveSession) -> tuple[LineView, ...]:
    """The sources of a session in the order in which they came in."""
    return () if session.record is None else lines_in_order(session.record)


def sections_of(session: LiveSession) -> tuple[LivePlan, ...]:
    """The sections that stand, as far back as a listener may be."""
    return _plan(session, places_of(session))


def _plan(session: LiveSession, places: Sequence[Place]) -> tuple[LivePlan, ...]:
    rows = Section.objects.filter(session=session, index__in=[one.number for one in places]).defer(
        "recipe"
    )
    by_number = {row.index: row for row in rows}
    return tuple(_section(by_number[place.number], place) for place in places)


def _section(row: Section, place: Place) -> LivePlan:
    said = row.frame["said"]
    beats = row.frame["beats"][:: row.frame["beats_per_bar"]]
    return LivePlan(
        number=row.index,
        start=place.start,
        end=place.end,
        lines=tuple(line for line in beats if line <= place.end),
        tempo_bpm=said["tempo_bpm"],
        key=said["key"],
        energy=said["energy"],
        because=row.because,
        control=row.control,
        keys=tuple(said.get("keys", ())),  # of sections before they were told: none
    )


def _piece(
    row: LiveSegment,
    session: LiveSession,
    playback: Playback,
    columns: dict[str, int],
    now: datetime,
) -> LivePiece:
    start, end = segment_range(row.number)
    leave = _leave(session, playback, row.number, row.version, now)
    url = reverse("audio:live", args=[leave])
    loudness = round(evidence.loudness_of(_windows(row)), 3)
    shares = shares_of(row, columns)
    model = model_of(row, columns, shares)
    return LivePiece(row.number, row.version, start, end, url, shares, loudness, model)


def coming_of(
    session: LiveSession, stand: Stand, playback: Playback, number: int, now: datetime
) -> Coming | None:
    """Leave to wait for second `number`, where it is planned and may sound."""
    version = version_of(stand.chain, number)
    if version is None or session.state not in rules.UNDER_WAY or not stand.may_sound(number):
        return None
    start, end = segment_range(number)
    leave = _leave(session, playback, number, version, now)
    return Coming(number, version, start, end, reverse("audio:live_coming", args=[leave]))


def _leave(
    session: LiveSession, playback: Playback, number: int, version: int, now: datetime
) -> str:
    token = playback.token
    return sign(
        Leave(
            subject_ref=str(session.id),
            piece=f"live:{number}:{version}",
            listener_kind=token.listener_kind,
            listener_ref=token.listener_ref,
            playback=playback.text,
            expires_at=expiry(now),
        )
    )


def _windows(row: LiveSegment) -> list[evidence.Row]:
    return evidence.rows_of(bytes(row.windows), len(row.sources))


def shares_of(row: LiveSegment, columns: dict[str, int]) -> tuple[int, ...]:
    """Parts per thousand of every source in this second; empty when it is silent."""
    found = evidence.mean_shares(_windows(row))
    if found is None:
        return ()
    weights = [
        (digest, round(part * 10**9)) for digest, part in zip(row.sources, found, strict=True)
    ]
    parts = allocate(1_000, weights)
    shares = [0] * len(columns)
    for digest, part in parts.items():
        shares[columns[digest]] = part
    return tuple(shares)


def model_of(row: LiveSegment, columns: dict[str, int], shares: tuple[int, ...]) -> tuple[int, ...]:
    """What of each source's parts per thousand a model wrote; empty where it wrote nothing."""
    if not shares or not row.players or not row.generated:
        return ()
    playing = [row.sources.index(one) for one in row.players if one in row.sources]
    whole, models = [0.0] * len(row.sources), [0.0] * len(row.sources)
    notes = [one for (one,) in iter_unpack("<d", bytes(row.generated))]
    for parts, generated in zip(_windows(row), notes, strict=True):
        found = model_parts(Window(parts, generated), playing)
        for place, part in enumerate(parts):
            whole[place] += max(0.0, part)
            models[place] += found[place]
    told = [0] * len(columns)
    for place, digest in enumerate(row.sources):
        if whole[place] > 0.0:
            told[columns[digest]] = round(shares[columns[digest]] * models[place] / whole[place])
    return tuple(told) if any(told) else ()
