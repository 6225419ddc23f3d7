"""Are new notes in tune, on time and clean? Stems of known notes, measured, played anew, rendered.

Every figure of the sound is taken from the render by means of its own: pitch by the best fit of
sinusoids, attacks from the envelope, clicks from what lies above the note's partials. Chords are
told of progressions that were synthesized; the demo's two pieces are asked for new lines. `--json`
prints the figures for machines, `--check` exits 1 where one is missed, `--quick` takes fewer notes.
The results are kept in docs/benchmarks/slices.md.
"""

import argparse
import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np

from benchmarks import slices_demo
from benchmarks import slices_material as material
from benchmarks.figures import Figure, missed, table
from generation.analysis.chords import chords_of
from generation.analysis.listening import listen
from generation.analysis.slices import MOST, slices_of
from generation.compose.retrieval import Bank, Wanted, play
from generation.engine.render import render

RATE = 48_000
PITCH_CENTS, ATTACK_MS, ANALYSIS_CENTS, CHORDS, CLICK_DB = 5.0, 5.0, 3.0, 0.95, -60.0


def pitch_figures(count: int) -> list[Figure]:
    """How near the measured pitch of slices is to what was played, timbre by timbre."""
    found: list[Figure] = []
    for name in material.TIMBRES:
        sound, starts, midi = material.stem_of(name, count, seed=1)
        told = {one.start: one.midi for one in slices_of(sound, starts, np.full(count, 20.0))}
        away = [100.0 * abs(told[at] - m) for at, m in zip(starts, midi, strict=True)
                if told.get(at) is not None]  # fmt: skip
        share = len(away) / count
        note = f"{len(away)} of {count} notes told"
        gated = name in material.STEADY
        high = float(np.percentile(away, 95)) if away else None
        found.append(Figure("pitch", f"{name}, error p95", high, "cents",
                            ANALYSIS_CENTS if gated else None, False, note))  # fmt: skip
        if gated:
            found.append(Figure("pitch", f"{name}, told", share, "", 0.95))
    wrong = [material.several(kind, count // 2) for kind in ("chord", "noise")]
    sure = sum(one.midi is not None for s, at in wrong for one in
               slices_of(s, at, np.full(len(at), 20.0)))  # fmt: skip
    found.append(Figure("pitch", "chords and noises taken for tones", float(sure), "", 0.0, False))
    return found


def line_figures(count: int) -> list[Figure]:
    """A random line asked of each timbre's slices, as the render has it."""
    found: list[Figure] = []
    for name in material.STEADY:
        sound, starts, _ = material.stem_of(name, 12, seed=2)
        slices = slices_of(sound, starts, np.full(len(starts), 20.0))
        wanted = material.line_for(slices, count, seed=3)
        playing = play(wanted, [Bank(0, slices, -20.0)])
        length = wanted[-1].start + RATE
        recipe = material.recipe_of(playing.notes, sound, length)
        begun = time.process_time()
        made = render(recipe, {"a": sound}, {}, 0, length).audio[0].astype(np.float64)
        took = time.process_time() - begun
        cents = [material.heard_cents(made, one) for one in wanted]
        late = [material.late_ms(made, one) for one in wanted]
        levels = [material.level_db(made, one) for one in wanted]
        clicks = [material.click_db(made, one) for one in wanted]
        shifts = [abs(100 * n.semitones + n.cents) for n in playing.notes]
        size = f"{count} notes, moved by {np.mean(shifts):.0f} cents in the mean"
        group = f"line, {name}"
        found += [
            Figure(group, "pitch error, largest", max(np.abs(cents)), "cents", PITCH_CENTS, False,
                   size),
            Figure(group, "pitch error, median", float(np.median(np.abs(cents))), "cents"),
            Figure(group, "attack off, largest", max(np.abs(late)), "ms", ATTACK_MS, False),
            Figure(group, "level of notes of one velocity, standard deviation",
                   float(np.std(levels)), "dB", 2.0, False),
            Figure(group, "above 15 kHz at both ends against the note, worst", max(clicks), "dB",
                   CLICK_DB, False),
            Figure(group, "notes left out", float(playing.left_out), "", 0.0, False),
            Figure(group, "third-octave bands against the slice's own, mean", float(np.mean(
                [material.bands_apart_db(made, one, n, sound) for one, n in
                 zip(wanted, playing.notes, strict=True)])), "dB"),
            Figure(group, "rendered, times real time", length / RATE / took, "x"),
        ]  # fmt: skip
    return found


def before_figures(count: int) -> list[Figure]:
    """The same line by "struck/1", which knows semitones alone."""
    sound, starts, _ = material.stem_of("keys", 12, seed=2)
    slices = slices_of(sound, starts, np.full(len(starts), 20.0))
    wanted = material.line_for(slices, count, seed=3)
    notes = [material.as_before(n) for n in play(wanted, [Bank(0, slices, -20.0)]).notes]
    length = wanted[-1].start + RATE
    made = render(material.recipe_of(notes, sound, length), {"a": sound}, {}, 0, length)
    cents = np.abs([material.heard_cents(made.audio[0].astype(float), one) for one in wanted])
    largest, middle = float(cents.max()), float(np.median(cents))
    return [
        Figure("by struck/1", "pitch error, largest", largest, "cents"),
        Figure("by struck/1", "pitch error, median", middle, "cents"),
    ]


def chord_figures(count: int) -> list[Figure]:
    """Beats whose chord is told as it was played, of random progressions."""
    found = []
    for name, kinds in material.PALETTES.items():
        sound, beats, names = material.progression(kinds, count, seed=4)
        changes = chords_of([listen(sound).steady], beats, beats[::4], sound.shape[1])
        starts = np.asarray([at for at, _ in changes])
        told = [changes[int(np.searchsorted(starts, at, side="right")) - 1][1] for at in beats]
        right = float(np.mean([a == b for a, b in zip(told, names, strict=True)]))
        found.append(Figure("chords", f"{name}, beats right", right, "", CHORDS,
                            note=f"{count} chords of two beats, random inversions"))  # fmt: skip
    return found


def cost_figures() -> list[Figure]:
    """What slices cost at ingest, and what retrieval costs a note."""
    sound, starts, _ = material.stem_of("keys", 360, seed=6)
    rises = np.full(len(starts), 20.0)
    slices_of(sound, starts, rises)
    begun = time.process_time()
    slices = slices_of(sound, starts, rises)
    seconds = sound.shape[1] / RATE
    measured = time.process_time() - begun
    wanted = [Wanted(RATE * n, RATE // 2, 50.0 + n % 30) for n in range(1, 201)]
    begun = time.process_time()
    play(wanted, [Bank(0, slices, -20.0)])
    each = (time.process_time() - begun) / len(wanted)
    size = f"{len(starts)} attacks, {len(slices)} slices of at most {MOST}"
    return [
        Figure("cost", "slices of a stem of 180 s", measured * 180.0 / seconds, "s", note=size),
        Figure("cost", "retrieval of a note", 1e3 * each, "ms", 5.0, False),
    ]


def report(is_quick: bool) -> dict[str, Any]:
    """Every figure, with the machine it was taken on."""
    begun = time.perf_counter()
    count = 24 if is_quick else 96
    figures = [
        *pitch_figures(count), *line_figures(count // 2), *before_figures(count // 2),
        *chord_figures(count), *cost_figures(), *slices_demo.demo_figures(is_quick),
    ]  # fmt: skip
    return {
        "machine": f"{platform.processor() or platform.machine()}, {material.cpu()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "took_s": round(time.perf_counter() - begun, 1),
        "figures": figures,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--json", "--quick", "--check"):
        parser.add_argument(name, action="store_true")
    options = parser.parse_args()
    told = report(options.quick)
    figures: list[Figure] = told["figures"]
    if options.json:
        print(json.dumps(told | {"figures": [one.plain() for one in figures]}, indent=2))
    else:
        print(f"{told['machine']}, Python {told['python']}, numpy {told['numpy']}")
        print(table(figures))
    for name in missed(figures):
        print(f"MISSED {name}", file=sys.stderr)
    return 1 if options.check and missed(figures) else 0


if __name__ == "__main__":
    sys.exit(main())
