"""Slow Harbour: G major, 92 beats a minute, 26 bars, swung; five stems for the second artist.

It knows its notes. It refuses to know files. Invariant: every call makes the same samples.
"""

from collections.abc import Callable

from portal.demo.song import drumkit as kit
from portal.demo.song import instruments as play
from portal.demo.song.canvas import Canvas, Sound

BPM = 92.0
BARS = 26
KEY = "G maj"
_SWING = 0.60  # where the second eighth of a beat falls

_CHORDS = {
    "G": (31, (55, 59, 62, 67)),
    "D/F#": (30, (57, 62, 66, 69)),
    "Em7": (28, (55, 59, 62, 64)),
    "Cmaj7": (36, (55, 59, 60, 64)),
    "Bm7": (35, (57, 59, 62, 66)),
    "Am7": (33, (55, 57, 60, 64)),
    "D": (38, (57, 62, 66, 69)),
}
_A = ("G", "D/F#", "Em7", "Cmaj7", "G", "D/F#", "Cmaj7", "D")
_B = ("Cmaj7", "D", "Bm7", "Em7", "Am7", "D", "G", "G")
CHORDS = (*_A, *_B, *_A, "G", "G")
_LINE = (
    (0, 2.6, 67, "ou"), (3, 0.6, 69, "o"), (3.6, 0.4, 71, "o"), (4, 2.6, 69, "oa"),
    (7, 0.9, 66, "a"), (8, 2.6, 67, "ao"), (11, 0.9, 64, "o"), (12, 3.2, 64, "ou"),
    (16, 1.6, 71, "a"), (18, 0.6, 69, "a"), (18.6, 1.2, 67, "ao"), (20, 2.6, 69, "oe"),
    (23, 0.9, 66, "e"), (24, 3.4, 67, "eo"), (28, 3.2, 62, "ou"),
)  # fmt: skip


def _canvas(seed: int) -> Canvas:
    return Canvas(BARS * 4, BPM, seed)


def _swung(eighth: int) -> float:
    return eighth // 2 + (_SWING if eighth % 2 else 0.0)


def _step_to(note: int, *, from_below: bool) -> int:
    """The neighbour of `note` in G major, below or above."""
    way = -1 if from_below else 1
    return next(n for n in (note + way, note + 2 * way) if n % 12 in (7, 9, 11, 0, 2, 4, 6))


def percussion() -> Sound:
    """Brushes, a rim and a soft kick."""
    desk = _canvas(21)
    for bar in range(BARS - 1):
        first = bar * 4
        lively = 8 <= bar < 16
        for eighth in range(8):
            level = (0.9, 0.4, 0.6, 0.5)[eighth % 4] * desk.human()
            late = float(desk.chance.normal(0, 2))
            desk.put(kit.brush(1.0, eighth % 5), first + _swung(eighth), 0.5 * level, 0.25, late)
        for beat in (0, 2.0 + _SWING) if not lively else (0, 1 + _SWING, 2):
            desk.put(kit.kick(0.75), first + beat, 0.8 * desk.human(0.05))
        for beat in (1, 3):
            sound = kit.snare(0.55, 40) if lively else kit.rim(0.8)
            desk.put(sound, first + beat, 0.6 * desk.human(0.06), -0.15)
        if bar % 8 == 7:
            for n in range(3):
                desk.put(kit.tom(0.6, 170 - 30 * n), first + 3 + n / 3, 0.5, 0.3 - 0.3 * n)
    desk.put(kit.crash(0.3), (BARS - 2) * 4, 0.3, -0.2)
    desk.in_room(0.6, -19.0, 31)
    return desk.finished(-2.0)


def bass() -> Sound:
    """Two notes to the bar, walking up to the next."""
    desk = _canvas(22)
    for bar in range(BARS - 1):
        root = _CHORDS[CHORDS[bar]][0]
        follow = _CHORDS[CHORDS[bar + 1]][0]
        long = 7.0 if bar == BARS - 2 else 1.7
        desk.put(play.bass(root + 12 if root < 30 else root, desk.seconds(long), 0.55), bar * 4)
        if bar < BARS - 2:
            desk.put(
                play.bass(root + (8 if root == 30 else 7), desk.seconds(0.9), 0.45),
                bar * 4 + 2,
                desk.human(0.06),
            )
            near = _step_to(follow, from_below=follow > root)
            desk.put(play.bass(near, desk.seconds(0.5), 0.4), bar * 4 + 3 + _SWING, 0.8)
    return desk.finished(-6.0)


def guitar() -> Sound:
    """Finger-picked steel strings."""
    desk = _canvas(23)
    order = (0, 2, 1, 3, 0, 2, 3, 1)
    for bar in range(BARS - 1):
        root, notes = _CHORDS[CHORDS[bar]]
        if bar == BARS - 2:
            for n, note in enumerate((root + 12, *notes)):
                desk.put(play.plucked(note, 4.5, 0.4, n), bar * 4, 0.6, -0.2 + 0.1 * n, 28.0 * n)
            continue
        desk.put(play.plucked(root + 12, 1.6, 0.45, 9), bar * 4, 0.7 * desk.human(), 0.0)
        for eighth, place in enumerate(order):
            late = abs(float(desk.chance.normal(0, 3)))
            sound = play.plucked(notes[place], 1.3, 0.5 if eighth % 2 == 0 else 0.35, place)
            desk.put(sound, bar * 4 + _swung(eighth), 0.5 * desk.human(), 0.3 - 0.2 * place, late)
    desk.in_room(1.0, -18.0, 32)
    return desk.finished(-6.0)


def strings() -> Sound:
    """A quartet that enters with the middle part and stays."""
    desk = _canvas(24)
    for bar in range(6, BARS - 1):
        last = bar == BARS - 2
        for n, note in enumerate(_CHORDS[CHORDS[bar]][1]):
            sound = play.bowed(
                note + (12 if n == 3 else 0), desk.seconds(6.0 if last else 4.0), 0.5, n
            )
            desk.put(sound, bar * 4, 0.35 * desk.human(0.05), -0.45 + 0.3 * n)
    desk.in_room(1.9, -13.0, 33)
    return desk.finished(-8.0)


def hum() -> Sound:
    """A low voice, first and last part."""
    desk = _canvas(25)
    for first in (0, 16):
        before: int | None = None
        for beat, beats, note, vowels in _LINE:
            if first == 0 and beat < 16:
                continue
            seed = int(desk.chance.integers(1 << 30))
            sound = play.sung(note, before, desk.seconds(beats), vowels, 0.9, seed)
            desk.put(sound, first * 4 + beat, desk.human(0.06), 0.0, 8.0)
            before = note
    desk.in_room(1.6, -14.0, 34)
    return desk.finished(-10.0)


STEMS: dict[str, Callable[[], Sound]] = {
    "percussion": percussion,
    "bass": bass,
    "guitar": guitar,
    "strings": strings,
    "hum": hum,
}
