"""Paper Lanterns: A minor, 108 beats a minute, 36 bars; six stems for the first artist.

It knows its notes. It refuses to know files. Invariant: every call makes the same samples.
"""

from collections.abc import Callable

from portal.demo.song import drumkit as kit
from portal.demo.song import instruments as play
from portal.demo.song.canvas import Canvas, Sound

BPM = 108.0
BARS = 36
KEY = "A min"

# chord: bass note, notes of the right hand
_CHORDS = {
    "Am9": (33, (57, 60, 64, 67, 71)),
    "Fmaj9": (29, (57, 60, 64, 67)),
    "F": (29, (57, 60, 65, 69)),
    "G": (31, (55, 59, 62, 67)),
    "Am": (33, (57, 60, 64, 69)),
    "C": (36, (55, 60, 64, 67)),
    "Dm7": (38, (57, 60, 62, 65)),
    "Am7": (33, (57, 60, 64, 67)),
    "E7": (28, (56, 59, 62, 64)),
}
_VERSE = ("Am9", "Fmaj9", "Dm7", "E7") * 2
_CHORUS = ("F", "G", "Am", "C", "F", "G", "E7", "Am")
CHORDS = (
    "Am9", "Fmaj9", "Dm7", "E7", *_VERSE, *_CHORUS, "Dm7", "Am7", "F", "E7", *_CHORUS,
    "F", "G", "Am9", "Am9",
)  # fmt: skip
INTRO, VERSE, CHORUS, BRIDGE, AGAIN, OUTRO = 0, 4, 12, 20, 24, 32

# (beat, beats, note, vowels) from the section's first beat
_VERSE_LINE = (
    (0.5, 0.5, 64, "oo"), (1, 0.5, 67, "oa"), (1.5, 1.4, 69, "ao"), (3, 0.9, 67, "o"),
    (4, 1.4, 64, "eo"), (6, 0.5, 62, "o"), (6.5, 1.4, 60, "ou"),
    (8.5, 0.5, 60, "u"), (9, 0.5, 62, "o"), (9.5, 1.4, 64, "oa"), (11, 0.5, 67, "a"),
    (11.5, 0.5, 64, "o"), (12, 1, 62, "eo"), (13, 0.5, 64, "o"), (13.5, 2, 59, "ou"),
    (16.5, 0.5, 64, "o"), (17, 0.5, 67, "a"), (17.5, 1.4, 69, "ae"), (19, 0.5, 71, "e"),
    (19.5, 0.5, 69, "a"), (20, 1.4, 72, "ao"), (22, 0.5, 71, "o"), (22.5, 1.4, 67, "ou"),
    (24.5, 0.5, 64, "o"), (25, 0.5, 67, "o"), (25.5, 1.4, 64, "ea"), (27, 0.9, 62, "a"),
    (28, 1.5, 64, "ao"), (30, 0.5, 68, "a"), (30.5, 0.5, 69, "a"), (31, 0.9, 71, "ae"),
)  # fmt: skip
_CHORUS_LINE = (
    (0, 1.4, 72, "a"), (1.5, 0.5, 71, "a"), (2, 0.9, 69, "ao"), (3, 0.9, 67, "o"),
    (4, 1.4, 71, "ea"), (5.5, 0.5, 69, "a"), (6, 1.8, 67, "ao"),
    (8, 0.9, 69, "a"), (9, 0.5, 71, "a"), (9.5, 1.4, 72, "ae"), (11, 0.9, 76, "e"),
    (12, 1.9, 76, "ea"), (14, 0.5, 74, "a"), (14.5, 1.4, 72, "ao"),
    (16, 1.4, 72, "a"), (17.5, 0.5, 71, "a"), (18, 0.9, 69, "ao"), (19, 0.9, 72, "o"),
    (20, 1.4, 74, "ea"), (21.5, 0.5, 72, "a"), (22, 1.8, 71, "ao"),
    (24, 0.9, 71, "e"), (25, 0.5, 69, "a"), (25.5, 1.4, 68, "ao"), (27, 0.9, 64, "o"),
    (28, 3.2, 69, "au"),
)  # fmt: skip


def _canvas(seed: int) -> Canvas:
    return Canvas(BARS * 4, BPM, seed)


def drums() -> Sound:
    """Kick, snare, hats; four to the floor in the chorus, toms that lead back into it."""
    desk = _canvas(11)
    for bar in range(2, BARS - 2):
        if bar < VERSE or bar >= OUTRO:
            _hats(desk, bar, 0.5, 0.5)
        elif BRIDGE <= bar < AGAIN:
            _bridge_drums(desk, bar)
        else:
            _groove(desk, bar, CHORUS <= bar < BRIDGE or bar >= AGAIN)
    for bar in (VERSE, CHORUS, AGAIN, OUTRO):
        desk.put(kit.crash(0.5), bar * 4, 0.55, 0.25)
    desk.put(kit.kick(1.0), (BARS - 2) * 4, 0.9)
    desk.put(kit.crash(0.45), (BARS - 2) * 4, 0.4, 0.25)
    desk.in_room(0.5, -22.0, 3)
    return desk.finished(-1.5)


def _groove(desk: Canvas, bar: int, lively: bool) -> None:
    first = bar * 4
    kicks = (0, 1, 2, 3) if lively else ((0, 1.5, 2.5) if bar % 2 else (0, 2.5))
    for beat in kicks:
        desk.put(kit.kick(0.95 if beat == 0 else 0.85), first + beat, 0.95 * desk.human(0.04))
    for beat in (1, 3):
        desk.put(kit.snare(0.9), first + beat, 0.75 * desk.human(0.05), -0.05)
        if lively:
            desk.put(kit.clap(0.8), first + beat, 0.35 * desk.human(), 0.1, 4.0)
    if bar % 4 == 3:
        for n, beat in enumerate((3.25, 3.5, 3.75)):
            desk.put(kit.snare(0.5, 20 + n), first + beat, 0.35 + 0.12 * n, -0.05)
    elif desk.chance.random() < 0.5:
        desk.put(kit.snare(0.25, 31), first + 1.75, 0.25, -0.05)
    _hats(desk, bar, 0.25 if lively else 0.5, 1.0)


def _hats(desk: Canvas, bar: int, step: float, level: float) -> None:
    for n in range(round(4 / step)):
        beat = bar * 4 + n * step
        accent = 1.0 if n * step % 1 == 0.5 else 0.72 if n * step % 1 == 0 else 0.42
        late = float(desk.chance.normal(0.0, 1.6))
        opens = step == 0.25 and n % 16 == 14
        sound = kit.hat(1.0, 0.16 if opens else 0.028, n % 4)
        desk.put(sound, beat, 0.30 * level * accent * desk.human(), 0.3, late)


def _bridge_drums(desk: Canvas, bar: int) -> None:
    for n in range(16):
        level = (0.7, 0.3, 0.5, 0.35)[n % 4]
        desk.put(kit.shaker(1.0, n % 5), bar * 4 + n / 4, 0.3 * level * desk.human(), -0.35)
    if bar == BRIDGE + 3:
        for n in range(8):
            hz, pan = ((150, -0.4), (120, 0.0), (95, 0.4))[min(2, n // 3)]
            desk.put(kit.tom(0.5 + n * 0.06, hz), bar * 4 + 2 + n / 4, 0.55, pan)
    elif bar > BRIDGE:
        desk.put(kit.kick(0.7), bar * 4, 0.7)


def bass() -> Sound:
    """Roots and pick-ups in the verse, running eighths with octaves in the chorus."""
    desk = _canvas(12)
    for bar in range(VERSE, BARS - 1):
        root = _CHORDS[CHORDS[bar]][0]
        follow = _CHORDS[CHORDS[min(BARS - 1, bar + 1)]][0]
        for beat, beats, note, touch in _bass_bar(bar, root, follow):
            sound = play.bass(note, desk.seconds(beats), touch)
            desk.put(sound, bar * 4 + beat, desk.human(0.05), 0.0, abs(desk.chance.normal(0, 1.5)))
    return desk.finished(-9.0)


def _bass_bar(bar: int, root: int, follow: int) -> list[tuple[float, float, int, float]]:
    step = root + (2 if follow > root else -1 if follow < root else 7)
    if bar >= BARS - 2:
        return [(0, 7.0, root, 0.6)]
    if BRIDGE <= bar < AGAIN or bar >= OUTRO:
        return [(0, 3.4, root, 0.5), (3.5, 0.4, root + 12, 0.4)]
    if bar < CHORUS:
        return [
            (0, 1.3, root, 0.9),
            (1.5, 0.8, root, 0.6),
            (2.5, 0.9, root + 7, 0.7),
            (3.5, 0.4, step, 0.6),
        ]
    jumps = (0, 0, 12, 0, 0, 12, 7, 12)
    return [(n / 2, 0.4, root + jump, 0.9 if n % 2 == 0 else 0.6) for n, jump in enumerate(jumps)]


def keys() -> Sound:
    """Electric piano: broken chords in the verse, stabs off the beat in the chorus."""
    desk = _canvas(13)
    for bar in range(BARS):
        notes = _CHORDS[CHORDS[bar]][1]
        for beat, beats, which, touch in _keys_bar(bar, len(notes)):
            for n, place in enumerate(which):
                sound = play.electric_piano(notes[place], desk.seconds(beats), touch)
                late = 5.0 * n + abs(float(desk.chance.normal(0, 2)))
                desk.put(sound, bar * 4 + beat, 0.3 * desk.human(), -0.12 + 0.08 * n, late)
    desk.in_room(1.2, -17.0, 4)
    return desk.finished(-6.0)


def _keys_bar(bar: int, count: int) -> list[tuple[float, float, tuple[int, ...], float]]:
    full = tuple(range(count))
    if bar == BARS - 1:
        return []
    if bar == BARS - 2:
        return [(0, 7.5, full, 0.45)]
    if bar < VERSE or BRIDGE <= bar < AGAIN or bar >= OUTRO:
        return [(0, 3.6, full, 0.35), (2.5, 1.2, (count - 1,), 0.3)]
    if bar < CHORUS:
        order = (0, 2, 1, 3, 2, 3, 1, 2)
        return [(n / 2, 0.9, (i % count,), 0.4 if n % 4 else 0.6) for n, i in enumerate(order)]
    stabs = [(0, 0.4), (1.5, 0.4), (2.5, 0.9), (3.5, 0.4)]
    return [(beat, beats, full, 0.7 if beat else 0.8) for beat, beats in stabs]


def pad() -> Sound:
    """A warm swell under intro, choruses, bridge and end, and thinly under the second half of the
    verse.
    """
    desk = _canvas(14)
    for bar, name in enumerate(CHORDS[: BARS - 1]):
        if VERSE <= bar < VERSE + 4:
            continue
        last = bar == BARS - 2
        bright = 0.3 if bar < CHORUS else 0.75
        for n, note in enumerate(_CHORDS[name][1][:4]):
            sound = play.pad(note, desk.seconds(5.4 if last else 4.0) - 0.3, bright, n)
            desk.put(sound, bar * 4, 0.5 if VERSE <= bar < CHORUS else 0.8)
    desk.in_room(1.8, -14.0, 5)
    return desk.finished(-9.0)


def plucks() -> Sound:
    """Plucked sixteenths that run from side to side: a hint in the intro, the sparkle of the
    chorus.
    """
    desk = _canvas(15)
    for bar in range(BARS - 2):
        if VERSE <= bar < CHORUS:
            continue
        notes = _CHORDS[CHORDS[bar]][1]
        busy = CHORUS <= bar < BRIDGE or AGAIN <= bar < OUTRO
        order = (0, 2, 3, 1, 2, 3, 0, 3, 1, 2, 3, 2, 0, 1, 3, 2) if busy else (3, 2, 3, 1)
        for n, place in enumerate(order):
            beat = bar * 4 + n * 4 / len(order) + (0.5 if not busy else 0.0)
            sound = play.plucked(notes[place % len(notes)] + 12, 0.7, 0.55, place)
            level = 0.6 * desk.human() * (1.0 if n % 4 == 0 else 0.75)
            desk.put(sound, beat, level, 0.55 if n % 2 else -0.55)
    desk.echo(0.75, 0.32, 2)
    desk.in_room(1.2, -19.0, 6)
    return desk.finished(-5.0)


def voice() -> Sound:
    """The voice: verse from its fifth bar's breath on, both choruses, a hum in the bridge."""
    desk = _canvas(16)
    _sing(desk, VERSE * 4, _VERSE_LINE, 0.85)
    _sing(desk, CHORUS * 4, _CHORUS_LINE, 1.0)
    hum = ((0, 3.5, 69, "u"), (4, 3.5, 67, "u"), (8, 3.5, 65, "uo"), (12, 3.0, 64, "oa"))
    _sing(desk, BRIDGE * 4, hum, 0.6)
    _sing(desk, AGAIN * 4, _CHORUS_LINE, 1.0)
    _sing(desk, OUTRO * 4, ((8, 5.0, 64, "ou"),), 0.55)
    desk.in_room(1.5, -15.0, 7)
    return desk.finished(-8.5)


def _sing(
    desk: Canvas, first: float, line: tuple[tuple[float, float, int, str], ...], level: float
) -> None:
    before: int | None = None
    end = -1.0
    for beat, beats, note, vowels in line:
        tied = before if beat - end < 0.2 else None
        seed = int(desk.chance.integers(1 << 30))
        sound = play.sung(note, tied, desk.seconds(beats), vowels, 1.0, seed)
        desk.put(
            sound, first + beat, level * desk.human(0.06), 0.0, float(desk.chance.normal(6, 4))
        )
        before, end = note, beat + beats


STEMS: dict[str, Callable[[], Sound]] = {
    "drums": drums,
    "bass": bass,
    "keys": keys,
    "pad": pad,
    "plucks": plucks,
    "voice": voice,
}
