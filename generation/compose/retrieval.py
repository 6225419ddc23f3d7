"""Which slice of a stem plays a note: the nearest in pitch, and among equals the best.

It knows wanted notes and measured slices. It refuses to know who wrote the notes and how they will
sound together. Invariant: a slice is moved by REACH semitones at most, the notes of one line are
played by one stem, and every note that could not be played is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import atan2, cos, hypot, log2, pi, sin
from statistics import median

from generation.analysis.values import Slice
from generation.recipe import SAMPLE_RATE_HZ, Note

PROCESSOR = "struck/2"
REACH = 3.0
# A slice is read from so long before its attack, and rises until it.
LEAD = 96
RELEASE = 1_440
# What sounds shorter than this, or than a quarter of the note, is only taken where nothing else is.
STUB = SAMPLE_RATE_HZ // 10
QUIETEST_DB, LOUDEST_DB = -24.0, 15.0
_OCTAVES = (0, -12, 12, -24, 24, -36, 36)
_TUNED = 0.7


@dataclass(frozen=True, slots=True)
class Wanted:
    """A note to be played: where its attack lies and how long it lasts, in samples.

    `midi`: its pitch, None for a hit of `voice` (one of values.HITS); `velocity` 0 to 1.
    """

    start: int
    length: int
    midi: float | None
    voice: str = ""
    velocity: float = 0.8


@dataclass(frozen=True, slots=True)
class Bank:
    """The slices of one stem. `source`: its number in the recipe; `level`: how loud, in LUFS, a
    note of full velocity is to be before the stem's strip."""

    source: int
    slices: tuple[Slice, ...]
    level: float


@dataclass(frozen=True, slots=True)
class Playing:
    """Notes for a recipe; how many were moved by octaves, and how many no slice can play."""

    notes: tuple[Note, ...]
    moved: int
    left_out: int


def tuning_of(slices: Sequence[Slice]) -> float:
    """How far a stem's tones lie above the piano's, -0.5 to 0.5 semitones; 0 where they disagree.

    The circular mean of their distances, weighed by how sure they are.
    """
    told = [(one.midi, one.sure) for one in slices if one.midi is not None]
    x = sum(sure * cos(2 * pi * midi) for midi, sure in told)
    y = sum(sure * sin(2 * pi * midi) for midi, sure in told)
    whole = sum(sure for _, sure in told)
    return atan2(y, x) / (2 * pi) if whole > 0 and hypot(x, y) >= _TUNED * whole else 0.0


def play(
    wanted: Sequence[Wanted], banks: Sequence[Bank], *, net: str = "", reach: float = REACH
) -> Playing:
    """The notes that play `wanted`, in order, by the bank that can play most of them.

    `net`: the digest of the net that wrote them. `reach`: semitones a slice may be moved, never
    beyond REACH. A line that lies out of reach is moved by octaves as a whole, then note by note.
    """
    tries = [_played(wanted, bank, net, min(reach, REACH)) for bank in banks]
    if not tries:
        return Playing((), 0, len(wanted))
    return min(tries, key=lambda one: (one.left_out, one.moved))


def compass_of(
    slices: Sequence[Slice], within: tuple[int, int], span: int, reach: float = REACH
) -> tuple[int, tuple[int, int]]:
    """(how many pitches, (lowest, highest)) of the `span` semitones inside `within` of which a
    stem's slices can play most; of equals the lowest.
    """
    reach, tuning = min(reach, REACH), tuning_of(slices)
    low, high = within
    can = [any(_distance(one, p + tuning) <= reach for one in slices) for p in range(low, high + 1)]
    starts = range(max(1, len(can) - span + 1))
    best = max(starts, key=lambda at: (sum(can[at : at + span]), -at))
    return sum(can[best : best + span]), (low + best, min(high, low + best + span - 1))


def _played(wanted: Sequence[Wanted], bank: Bank, net: str, reach: float) -> Playing:
    tuning = tuning_of(bank.slices)
    aimed = [one if one.midi is None else replace(one, midi=one.midi + tuning) for one in wanted]
    line = min(_OCTAVES, key=lambda step: sum(not _in_reach(one, bank, step, reach)
                                              for one in aimed))  # fmt: skip
    notes: list[Note] = []
    moved = left_out = 0
    recent: list[Slice] = []
    for one in aimed:
        steps = (line, line - 12, line + 12) if one.midi is not None else (0,)
        step = next((s for s in steps if _in_reach(one, bank, s, reach)), None)
        if step is None:
            left_out += 1
            continue
        moved += step != 0
        asked = one if one.midi is None else replace(one, midi=one.midi + step)
        chosen = _nearest(asked, bank, reach, recent)
        recent = [*recent[-1:], chosen]
        notes.append(_note(asked, chosen, bank, net))
    return Playing(tuple(notes), moved, left_out)


def _in_reach(wanted: Wanted, bank: Bank, step: int, reach: float) -> bool:
    if wanted.midi is None:
        return any(one.voice == wanted.voice for one in bank.slices)
    return any(_distance(one, wanted.midi + step) <= reach for one in bank.slices)


def _distance(one: Slice, midi: float) -> float:
    return abs(midi - one.midi) if one.midi is not None else float("inf")


def _nearest(wanted: Wanted, bank: Bank, reach: float, recent: Sequence[Slice]) -> Slice:
    """Of the slices in reach the nearest; one that sounded just now stands a semitone behind.

    Among those equally near: loud enough, long enough, of the stem's usual brightness, the longest
    unheard.
    """
    if wanted.midi is None:
        able = [one for one in bank.slices if one.voice == wanted.voice]
    else:
        able = [one for one in bank.slices if _distance(one, wanted.midi) <= reach]
    usual = median(one.centroid_hz for one in able) + 1.0
    loudest = max(one.loudness for one in able)

    def cost(one: Slice) -> tuple[bool, int, float, int]:
        away = 0.0 if wanted.midi is None else _distance(one, wanted.midi)
        lasts = _lasts(one, 2.0 ** (away / 12.0), wanted.length)
        is_stub = lasts < min(STUB, wanted.length) and wanted.midi is not None
        rest = 2.0 * max(0.0, 1.0 - lasts / wanted.length) if wanted.midi is not None else 0.0
        rest += max(0.0, loudest - one.loudness) / 12.0
        rest += 0.3 * abs(log2((one.centroid_hz + 1.0) / usual)) + 0.5 * (one in recent)
        return is_stub, round(away) + (one in recent[-1:]), rest, one.start

    return min(able, key=cost)


def _lasts(one: Slice, pace: float, length: int) -> float:
    """How many samples of the note the slice lasts."""
    return float(length) if one.loop is not None else (one.end - one.start) / pace


def _note(wanted: Wanted, chosen: Slice, bank: Bank, net: str) -> Note:
    """The note: its attack where it is wanted, tuned, as loud as asked, let go at its end."""
    shift = 0.0
    if wanted.midi is not None and chosen.midi is not None:
        shift = wanted.midi - chosen.midi
    cents = round(100 * shift)
    semitones = round(cents / 100)
    pace = 2.0 ** (cents / 1200.0)
    lead = min(LEAD, chosen.start, int(wanted.start * pace))
    before = round(lead / pace)
    length = min(wanted.length + before, round(LEAD + _lasts(chosen, pace, wanted.length)))
    if wanted.midi is None:
        length = before + chosen.end - chosen.start
    length = max(1, length)
    gain = bank.level - chosen.loudness - 12.0 * (1.0 - wanted.velocity)
    return Note(
        source=bank.source,
        start=wanted.start - before,
        length=length,
        slice_start=chosen.start - lead,
        slice_end=chosen.end,
        semitones=semitones,
        gain_db=round(min(LOUDEST_DB, max(QUIETEST_DB, gain)), 2),
        net=net,
        processor=PROCESSOR,
        cents=cents - 100 * semitones,
        loop=chosen.loop,
        fade_in=min(before, length // 4),
        fade_out=min(RELEASE, length // 3),
    )
