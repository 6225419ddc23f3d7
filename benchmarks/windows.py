"""Which window suits which material: stretched by each, against the same notes played so at once.

    python benchmarks/windows.py [--json]

Every piece of material is a score that this file can also play at another speed and pitch: that is
the ideal, and no stretcher's. `smear` and `blur` compare spectra of 512 and of 8,192 samples (the
part of the ideal's strength by which magnitudes differ): attacks that are spread show in the first,
notes that beat or waver in the second. `early`: of the energy 60 ms either side of an attack, the
part before it beyond the ideal's. Onsets are those that the analysis finds, as in the product, and
what it stored of the sound stands beside. Knows the listening tests. Invariant: the ideal itself
reads 0, 0 and 0.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import one_thread

assert one_thread.THREADS  # imported for what it sets, before numpy is loaded

import numpy as np
import numpy.typing as npt
from scipy.signal import stft

from benchmarks.job import RATE
from benchmarks.listening import MOVES, engine, stereo
from generation.analysis.measure import measure_stem
from generation.analysis.values import StemAnalysis
from generation.compose.frame_sizes import window_for

Line = npt.NDArray[np.float64]
WINDOWS = (2_048, 4_096, 8_192)
SECONDS, EDGE = 10.0, RATE
AROUND = 2_880


@dataclass(frozen=True, slots=True)
class Note:
    """`at` and `seconds` as written; `voice`: which of those that sound together."""

    at: float
    seconds: float
    midi: float
    voice: int = 0


@dataclass(frozen=True, slots=True)
class Sound:
    """What plays a note: `partials`, their `tilt`, how fast it dies away, its attack, its vibrato.

    `decay`: nepers a second, more by a third of it per partial; `vibrato` in cents at about 5 Hz;
    `hiss`: the level of the 30 ms of noise that a note begins with, as a consonant.
    """

    partials: int
    tilt: float
    decay: float
    attack_s: float
    vibrato: float = 0.0
    hiss: float = 0.0


def played(
    notes: Sequence[Note], sound: Sound, speed: float, semitones: int, seconds: float
) -> Line:
    """The score at `speed`, moved by `semitones`, its decay and vibrato stretched too: [n].

    What a stretcher does to a note's inside is so done to the ideal as well; attacks stay.
    """
    out = np.zeros(round(seconds * RATE))
    for note in notes:
        start = round(note.at / speed * RATE)
        size = min(round(note.seconds / speed * RATE), len(out) - start)
        if size <= 0:
            continue
        written = np.arange(size) / RATE * speed
        hertz = 440.0 * 2.0 ** ((note.midi + semitones - 69.0) / 12.0)
        rate = 5.0 + 0.37 * note.voice
        bend = sound.vibrato / 1200.0 * np.sin(2 * np.pi * rate * written + note.voice)
        turn = 2 * np.pi * np.cumsum(hertz * 2.0**bend) / RATE
        rise = np.minimum(1.0, np.arange(size) / (sound.attack_s * RATE))
        fall = np.minimum(1.0, np.arange(size, 0, -1) / (0.02 * RATE))
        for k in range(1, sound.partials + 1):
            if hertz * k < 15_000.0:
                level = np.exp(-sound.decay * (1.0 + 0.3 * k) * written) / k**sound.tilt
                out[start : start + size] += (
                    0.1 * level * rise * fall * np.sin(k * turn + note.voice + k)
                )
        if sound.hiss:
            burst = np.random.default_rng(start % 9).standard_normal(size := min(size, 2_880))
            out[start : start + size] += sound.hiss * burst * np.exp(-np.arange(size) / 960)
    return out


# -- material -------------------------------------------------------------------------------------

Turn = Sequence[Sequence[int]]
TURN: Turn = ((57, 60, 64), (53, 57, 60), (55, 59, 62), (52, 55, 59))
CLOSE: Turn = ((57, 59, 60, 64), (53, 57, 59, 60), (55, 57, 59, 62), (52, 54, 55, 59))
BEAT = 60.0 / 112.0
LONG = SECONDS * 1.3 + 2.0


def chords(
    beats: float, spread: float = 0.0, gap: float = 1.0, octave: int = 0, turn: Turn = TURN
) -> list[Note]:
    """A chord every `beats`, its notes `spread` seconds apart, each `gap` of its time long."""
    found, step = [], beats * BEAT
    for n in range(int(LONG / step)):
        for voice, midi in enumerate(turn[int(n * beats / 4) % 4]):
            found.append(Note(n * step + voice * spread, gap * step, midi + 12 * octave, voice))
    return found


def line(beats: float, octave: int = 0, gap: float = 0.95, scale: Sequence[int] = ()) -> list[Note]:
    """One note after another."""
    scale = scale or (69, 72, 76, 74, 71, 72, 67, 69)
    step = beats * BEAT
    return [
        Note(n * step, gap * step, scale[n * 5 % len(scale)] + 12 * octave)
        for n in range(int(LONG / step))
    ]


def ringing(beats: float) -> list[Note]:
    """Single notes of the chords that ring over the ones after them."""
    step = beats * BEAT
    return [
        Note(n * step, 4 * step, TURN[n // 8 % 4][(0, 1, 2, 1)[n % 4]] + 12 * (n % 8 == 6), n % 4)
        for n in range(int(LONG / step))
    ]


PIANO, STRING = Sound(8, 1.2, 0.9, 0.003), Sound(10, 1.0, 1.2, 0.002)
ORGAN, HORN = Sound(6, 1.2, 0.0, 0.02), Sound(10, 1.2, 0.05, 0.04, 25.0)
SUNG, SPOKEN = Sound(12, 1.2, 0.05, 0.05, 50.0), Sound(12, 1.2, 0.05, 0.05, 50.0, 0.2)
MATERIAL: dict[str, tuple[list[Note], Sound]] = {
    "organ, held chords": (chords(4), ORGAN),
    "horns, held chords": (chords(4), HORN),
    "choir, held chords": (chords(4), SUNG),
    "organ, low held chords": (chords(4, octave=-1), ORGAN),
    "organ, close held chords": (chords(4, turn=CLOSE), ORGAN),
    "piano, close chords on the beat": (chords(1, turn=CLOSE), PIANO),
    "piano, low chords on the beat": (chords(1, octave=-1), PIANO),
    "piano, chords on the beat": (chords(1), PIANO),
    "piano, chords on half beats": (chords(0.5), PIANO),
    "piano, short chords on half beats": (chords(0.5, gap=0.5), PIANO),
    "piano, clipped chords on half beats": (chords(0.5, gap=0.25), PIANO),
    "guitar, strummed": (chords(1, spread=0.012), STRING),
    "guitar, picked and ringing": (ringing(0.5), STRING),
    "guitar, one line": (line(0.5), STRING),
    "bass, plucked": (line(1, -3), Sound(8, 1.0, 0.8, 0.003)),
    "bass, quick": (line(0.5, -3), Sound(8, 1.0, 0.8, 0.003)),
    "bass, held": (line(4, -3), Sound(6, 1.4, 0.05, 0.02)),
    "horn, one line": (line(1), HORN),
    "horn, one quick line": (line(0.25), HORN),
    "horn, one line, an octave down": (line(1, -1), HORN),
    "horn, one line, two octaves down": (line(1, -2), HORN),
    "voice, one line, two octaves down": (line(1, -2), SUNG),
    "voice, one line": (line(1, -1), SUNG),
    "voice with consonants": (line(0.5, -1), SPOKEN),
    "voice, one quick line": (line(0.25, -1), SUNG),
}  # fmt: skip


# -- readings -------------------------------------------------------------------------------------


def apart(found: Line, ideal: Line, size: int) -> float:
    """By how much magnitudes over `size` samples differ, as a part of the ideal's."""
    one, other = (np.abs(stft(x, RATE, nperseg=size)[2]) for x in (found, ideal))
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


def before(sound: Line, places: Sequence[int]) -> float:
    """Of the energy 60 ms either side of each place, the part before it (from 2 ms before on)."""
    early = late = 0.0
    for place in places:
        early += float((sound[place - AROUND : place - 96] ** 2).sum())
        late += float((sound[place - 96 : place + AROUND] ** 2).sum())
    return early / max(early + late, 1e-30)


@dataclass(frozen=True, slots=True)
class Reading:
    """Of one material by one window, the worse of two moves; `cpu_ns` a stereo sample."""

    smear: float
    blur: float
    early: float
    cpu_ns: float


def reading(notes: Sequence[Note], sound: Sound, window: int, analysed: StemAnalysis) -> Reading:
    """Rendered in pieces with the onsets of the analysis, read from the second second on."""
    onsets = np.array(analysed.onsets, np.int64), np.array(analysed.onset_db)
    smear, blur, early, spent = [], [], [], []
    for speed, semitones in MOVES:
        stem = stereo(played(notes, sound, 1.0, 0, SECONDS * speed + 1.0))
        began = time.process_time()
        made = engine(window=window, onsets=onsets)(stem, speed, semitones)[0]
        spent.append((time.process_time() - began) / made.shape[0] * 1e9)
        size = round(SECONDS * RATE) - EDGE
        ideal = played(notes, sound, speed, semitones, SECONDS)[EDGE:size]
        found = made[EDGE:size].astype(np.float64)
        smear.append(apart(found, ideal, 512))
        blur.append(apart(found, ideal, 8_192))
        places = sorted({round(note.at / speed * RATE) - EDGE for note in notes})
        inside = [at for at in places if AROUND < at < len(ideal) - AROUND]
        early.append(before(found, inside) - before(ideal, inside))
    return Reading(max(smear), max(blur), max(early), min(spent))


def traits(analysed: StemAnalysis) -> dict[str, float | str]:
    """What is stored of a stem that a window might be chosen by."""
    sounding = sum(end - start for start, end in analysed.active) / RATE
    sure = sum(one.midi is not None for one in analysed.slices)
    return {
        "role": analysed.role,
        "chosen for it": window_for(analysed.role, analysed),
        "chosen for an unsure guess": window_for("other", analysed),
        "onsets a second": round(len(analysed.onsets) / max(sounding, 1e-9), 2),
        "sharp ones a second": round(
            sum(rise >= 9.0 for rise in analysed.onset_db) / max(sounding, 1e-9), 2
        ),
        "sure notes an onset": round(sure / max(1, len(analysed.onsets)), 2),
    }


def main(arguments: Sequence[str] | None = None, say: Callable[[str], None] = print) -> int:
    """Measures all material by all windows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print the readings as JSON")
    asked = parser.parse_args(arguments)
    report = {}
    for name, (notes, sound) in MATERIAL.items():
        analysed = measure_stem(stereo(played(notes, sound, 1.0, 0, SECONDS * 1.1 + 1.0)))
        rows = {window: reading(notes, sound, window, analysed) for window in WINDOWS}
        report[name] = traits(analysed) | {
            str(window): [round(x, 3) for x in (row.smear, row.blur, row.early, row.cpu_ns)]
            for window, row in rows.items()
        }
        if not asked.json:
            say(f"{name}: {report[name]}")
    if asked.json:
        say(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
