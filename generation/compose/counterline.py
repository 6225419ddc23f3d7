"""A line by rules: a melody or a bass that goes with given chords.

Tones of the chord on every beat, steps of the scale between them, near to the tone before, a breath
at the end of each phrase. It knows chords and ticks. It refuses to know stems and samples.
Invariant: the notes of a line follow each other without overlap inside its bars, and equal chords,
density and dice give equal lines.
"""

from generation.compose.choice import Dice
from generation.nets.values import Chord, ChordLine, Note, NoteLine

PHRASE_BARS = 4
COMPASS = {"melody": (62, 81), "bass": (31, 50)}
_SCALES = {"maj": (0, 2, 4, 5, 7, 9, 11), "min": (0, 2, 3, 5, 7, 8, 10)}
# Which beats of a bar carry a note, and how likely a half beat follows, by density 1 to 5.
_EVERY = {1: 4, 2: 2, 3: 1, 4: 1, 5: 1}
_HALVES = {1: 0.0, 2: 0.0, 3: 0.15, 4: 0.5, 5: 0.9}


def write_line(
    part: str,
    chords: ChordLine,
    dice: Dice,
    *,
    density: int = 3,
    register: tuple[int, int] | None = None,
) -> NoteLine:
    """The line of `part` ("melody" or "bass") over `chords`; `density` 1 to 5.

    `register`: lowest and highest pitch, both included, an octave at least; None for the part's
    own. Where there is no chord it rests.
    """
    low, high = register or COMPASS[part]
    onsets = _onsets(part, chords, dice, density)
    notes: list[Note] = []
    previous = (low + high) // 2 if part == "melody" else low + 7
    for number, onset in enumerate(onsets):
        chord = _chord_at(chords, onset)
        if chord is None:
            continue
        is_beat = onset % chords.signature.beat_ticks == 0
        following = _next_chord(chords, onsets, number) or chord
        if part == "bass":
            pitch = _bass(chords, chord, following, previous, (low, high), onset, is_beat)
        else:
            pitch = _melody(chords, chord, previous, (low, high), onset, is_beat, dice)
        notes.append(Note(onset, _duration(part, chords, onsets, number), pitch))
        previous = pitch
    return tuple(notes)


def _onsets(part: str, chords: ChordLine, dice: Dice, density: int) -> list[int]:
    """Where notes begin, in ticks: beats by density, chord changes in a bass, halves by chance."""
    beat, per_bar = chords.signature.beat_ticks, _per_bar(chords)
    found: list[int] = []
    for number in range(len(chords.chords)):
        in_bar, bar = number % per_bar, number // per_bar
        breath = part == "melody" and bar % PHRASE_BARS == PHRASE_BARS - 1 and 2 * in_bar >= per_bar
        changes = number > 0 and chords.chords[number] != chords.chords[number - 1]
        if not breath and (in_bar % _EVERY[density] == 0 or (part == "bass" and changes)):
            found.append(number * beat)
        if not breath and dice.real(f"half {part} {number}") < _HALVES[density]:
            found.append(number * beat + beat // 2)
    return found


def _per_bar(chords: ChordLine) -> int:
    count: int = chords.signature.bar_ticks // chords.signature.beat_ticks
    return count


def _duration(part: str, chords: ChordLine, onsets: list[int], number: int) -> int:
    """Up to the next note, or to the end of the bar at a breath; a bass is a little shorter."""
    onset, bar = onsets[number], chords.signature.bar_ticks
    end = onsets[number + 1] if number + 1 < len(onsets) else chords.ticks
    end = min(end, (onset // bar + 1) * bar)
    room = end - onset
    lasts: int = max(1, room - 2) if part == "bass" and room > 6 else room
    return lasts


def _chord_at(chords: ChordLine, tick: int) -> Chord | None:
    return chords.chords[min(tick // chords.signature.beat_ticks, len(chords.chords) - 1)]


def _next_chord(chords: ChordLine, onsets: list[int], number: int) -> Chord | None:
    return _chord_at(chords, onsets[number + 1]) if number + 1 < len(onsets) else None


def _within(classes: tuple[int, ...], register: tuple[int, int]) -> list[int]:
    return [pitch for pitch in range(register[0], register[1] + 1) if pitch % 12 in classes]


def _scale(chords: ChordLine, chord: Chord) -> tuple[int, ...]:
    """The key's scale; where the chord has a tone that is strange to it, that in its place."""
    signature = chords.signature
    own = {(signature.tonic + step) % 12 for step in _SCALES[signature.mode]}
    tones = set(chord.pitch_classes)
    beside = {(strange + step) % 12 for strange in tones - own for step in (-1, 1)}
    return tuple(sorted((own - beside) | tones))


def _melody(
    chords: ChordLine,
    chord: Chord,
    previous: int,
    register: tuple[int, int],
    onset: int,
    is_beat: bool,
    dice: Dice,
) -> int:
    """A tone near the last one and near the phrase's arch; the same tone again is less liked."""
    low, high = register
    phrase = PHRASE_BARS * chords.signature.bar_ticks
    through = onset % phrase / phrase
    arch = low + (high - low) * (0.3 + 0.5 * 4.0 * through * (1.0 - through))
    classes = chord.pitch_classes if is_beat else _scale(chords, chord)

    def cost(pitch: int) -> float:
        leap = abs(pitch - previous)
        unlike = 2.5 if leap == 0 else 2.0 if leap > 7 else 0.0
        whim = 2.0 * dice.real(f"tone {onset} {pitch}")
        return float(0.7 * leap + 0.4 * abs(pitch - arch) + unlike + whim)

    return min(_within(classes, register), key=lambda pitch: (cost(pitch), pitch))


def _bass(
    chords: ChordLine,
    chord: Chord,
    following: Chord,
    previous: int,
    register: tuple[int, int],
    onset: int,
    is_beat: bool,
) -> int:
    """The root where a bar begins or the chord is new; fifths and octaves between; before a new
    chord a step towards its root."""
    beat = chords.signature.beat_ticks
    before = _chord_at(chords, onset - beat) if onset >= beat else None
    is_root = onset % chords.signature.bar_ticks == 0 or (is_beat and chord != before)
    if is_root or (is_beat and following != chord):
        return _closest(_within((chord.root,), register), previous)
    if not is_beat and following != chord:
        goal = _closest(_within((following.root,), register), previous)
        near = [p for p in _within(_scale(chords, chord), register) if 0 < abs(p - goal) <= 2]
        return _closest(near, previous) if near else goal
    fifth = (chord.root + (6 if chord.quality == "dim" else 7)) % 12
    return _closest(_within((fifth,) if is_beat else (chord.root, fifth), register), previous)


def _closest(pitches: list[int], previous: int) -> int:
    return min(pitches, key=lambda pitch: (abs(pitch - previous), pitch))
