"""The nets together: how long a plan takes, what they write against rules, and what batches save.

Songs are synthesised here (`nets_songs`); what was written is read from the recipes' JSON, pitches
by the slices that play it, chords by the recording under it. Invariant: fixed seeds, so the same
weights give the same notes on every machine; only times differ.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure
from benchmarks.nets_samples import progression
from benchmarks.nets_songs import song_of
from generation.compose.by_nets import compose_by_nets, compose_together
from generation.compose.deck import deck_of
from generation.compose.director import compose
from generation.compose.harmony import chord_at
from generation.compose.retrieval import tuning_of
from generation.compose.stages.plans import STAGES, Composed, Order
from generation.compose.values import Ask, Song
from generation.nets import chosen, copies, corpus
from generation.nets.chosen import Nets
from generation.nets.events import DURATIONS
from generation.nets.line.examples import examples
from generation.nets.line.writing import LineNet
from generation.nets.values import LineRequest
from generation.recipe import Recipe, from_json, to_json

RATE, LEAD = 48_000, 96
PLAN_S, INSIDE, ALIKE, COPIED_P95 = 1.0, 0.87, 0.5, 8.0
BATCH, GAIN = 64, 2.0


@dataclass(frozen=True, slots=True)
class Heard:
    """A note as a recipe has it: beats from the start, MIDI pitch, whether the chord on its beat
    holds it (None off the beat, or without a chord).
    """

    beat: float
    lasts: float
    pitch: int
    is_inside: bool | None


def director_figures(*, is_quick: bool, data: Path | None = None) -> list[Figure]:
    """All of it, with the newest release of each net; with `data`, the folder that the line net was
    trained from, also the longest runs that are shared with it.
    """
    nets = chosen.Shelf().load(chosen.newest())
    songs = [song_of(seed) for seed in range(1 if is_quick else 4)]
    seeds = 4 if is_quick else 5
    return [
        *plan_figures(songs[0], nets, 3 if is_quick else 15),
        *written_figures(songs, nets, seeds, _library(data) if data else None),
        *density_figures(songs[0], nets, 2 if is_quick else 5),
        *batch_figures(songs[0], nets, is_quick=is_quick),
    ]


def _ask(song: Song, seed: int, *, line: str = "all", bars: int = 16, density: float = 0.5) -> Ask:
    assert song.analysis.tempo_bpm is not None
    seconds = 4 * bars * 60.0 / song.analysis.tempo_bpm
    return Ask("remix", seconds=max(10.0, seconds), seed=seed, line=line, density=density)


# -- time -----------------------------------------------------------------------------------------


def plan_figures(song: Song, nets: Nets, rounds: int) -> list[Figure]:
    """16 bars with 8 candidates, every stage; another seed each round, nothing kept.

    Seconds of CPU, which is what one core is busy for; what the wall clock said stands beside.
    """
    found, cpu = [], time.process_time
    for line in ("all", "melody"):
        compose_by_nets(Order(_ask(song, 0, line=line), (song,), nets=nets), cpu)
        took, wall, stages = [], [], []
        for seed in range(rounds):
            order = Order(_ask(song, 50 + seed, line=line), (song,), nets=nets)
            begun, since = cpu(), time.perf_counter()
            stages.append(compose_by_nets(order, cpu).took)
            took.append(cpu() - begun)
            wall.append(time.perf_counter() - since)
        parts = "melody, bass and beat" if line == "all" else "melody"
        clock = f"by the clock {float(np.median(wall)):.2f} s"
        note = f"CPU, median of {rounds}, slowest {max(took):.2f} s; {clock}"
        name = f"16 bars, 8 candidates: {parts}, mix"
        found.append(Figure("plan", name, float(np.median(took)), "s", PLAN_S, False, note))
        if line == "all":
            for n, stage in enumerate(STAGES):
                middle = float(np.median([one[n].milliseconds for one in stages]))
                found.append(Figure("plan", f"stage {stage}", middle, "ms"))
    return found


# -- what is written ------------------------------------------------------------------------------


def heard_in(recipe: Recipe, song: Song) -> list[Heard]:
    """The notes with a pitch, in the order of time."""
    assert recipe.grid is not None
    deck, beat = deck_of(0, song, vocals=True), 60.0 / recipe.grid.tempo_bpm * RATE
    stems = {s.digest: s.analysis for s in song.stems}
    slices = {(d, one.end): one for d, a in stems.items() for one in a.slices}
    tuning = {d: tuning_of(a.slices) for d, a in stems.items()}
    tonal = {n for n, source in enumerate(recipe.sources) if source.role != "drums"}
    found = []
    for note in recipe.notes:
        digest = recipe.sources[note.source].digest
        midi = slices[digest, note.slice_end].midi
        if midi is None:
            continue
        cents = 100 * note.semitones + note.cents
        attack = note.start + LEAD / 2.0 ** (cents / 1200.0)
        pitch = round(midi + cents / 100.0 - tuning[digest])
        inside = None
        clip = next((c for c in recipe.clips if c.source in tonal and len(c.anchors) > 1
                     and c.start <= attack + beat / 2.0 < c.end), None)  # fmt: skip
        if clip is not None and abs(attack / beat - round(attack / beat)) * beat <= 3.0:
            (a, x), (b, y) = clip.anchors[0], clip.anchors[-1]
            chord = chord_at(deck, round(x + (attack + beat / 2.0 - a) * (y - x) / (b - a)))
            inside = None if chord is None else (pitch - clip.semitones) % 12 in chord.pitch_classes
        found.append(Heard(attack / beat, note.length / beat, pitch, inside))
    return found


def _share(notes: Sequence[Heard]) -> float:
    told = [one.is_inside for one in notes if one.is_inside is not None]
    return float(np.mean(told)) if told else 0.0


def _of_role(recipe: Recipe, role: str) -> Recipe:
    """`recipe` with the notes of one role alone."""
    kept = tuple(one for one in recipe.notes if recipe.sources[one.source].role == role)
    return replace(recipe, notes=kept)


def _library(data: Path) -> copies.Library:
    """Every run of the lines that the line net was trained on."""
    train = examples(corpus.read(data), "train")
    return copies.Library((one.events.pitch, one.events.duration) for one in train)


def written_figures(
    songs: Sequence[Song], nets: Nets, seeds: int, library: copies.Library | None
) -> list[Figure]:
    """The same asks by nets and by rules, read from recipe.json."""
    melodies: dict[str, list[list[Heard]]] = {"nets": [], "rules": []}
    every: dict[str, list[Heard]] = {"nets": [], "rules": []}
    alike, gains = [], []
    for song in songs:
        for seed in range(seeds):
            ask = _ask(song, seed)
            made = {
                "nets": compose_by_nets(Order(ask, (song,), nets=nets), time.perf_counter).recipe,
                "rules": compose(ask, [song]),
            }
            read = {name: from_json(to_json(one)) for name, one in made.items()}
            for name, recipe in read.items():
                every[name] += heard_in(recipe, song)
                melodies[name].append(heard_in(_of_role(recipe, "other"), song))
            sets = {name: {(round(4 * n.beat), n.pitch) for n in heard_in(one, song)}
                    for name, one in read.items()}  # fmt: skip
            alike.append(len(sets["nets"] & sets["rules"]) / max(1, len(sets["nets"])))
            gains.append(_apart_db(read["nets"], read["rules"]))
    samples = f"{len(songs) * seeds} pieces of 16 bars, {len(every['nets'])} notes"
    rules = f"rules {_share(every['rules']):.3f}, {len(every['rules'])} notes"
    return [
        Figure("written", "pieces asked of both", float(len(alike)), note=samples),
        Figure("written", "notes on the beat inside the chord", _share(every["nets"]), "", INSIDE,
               note=rules),
        Figure("written", "notes that the rules wrote too (sixteenth and pitch)",
               float(np.mean(alike)), "", ALIKE, False),
        Figure("written", "strips of both apart, mean", float(np.mean(gains)), "dB"),
        *_statistics(melodies, nets),
        *(_shared(melodies, library) if library is not None else ()),
    ]  # fmt: skip


def _beats_a_second(recipe: Recipe) -> float:
    assert recipe.grid is not None
    return recipe.grid.tempo_bpm / 60.0


def _apart_db(one: Recipe, other: Recipe) -> float:
    """How far the strips of stems in both lie apart."""
    levels = [{(r.sources[s.source].digest, s.section): s.gain_db for s in r.strips}
              for r in (one, other)]  # fmt: skip
    both = levels[0].keys() & levels[1].keys()
    return float(np.mean([abs(levels[0][at] - levels[1][at]) for at in both]))


def _statistics(melodies: dict[str, list[list[Heard]]], nets: Nets) -> list[Figure]:
    """What the melodies are like, the rules' beside."""
    told = {name: _likes([m for m in lines if len(m) > 3]) for name, lines in melodies.items()}
    found = [
        Figure("melodies", name, value, unit, note=f"rules {told['rules'][name][0]:.3g}")
        for name, (value, unit) in told["nets"].items()
    ]
    library = nets["line"].runs
    count = sum(_copied(library, line) for line in melodies["nets"])
    found.append(Figure("melodies", "pieces with a run of 13 from the training data", float(count),
                        "", 0.0, False, "asked of the index that ships"))  # fmt: skip
    return found


def _likes(lines: Sequence[Sequence[Heard]]) -> dict[str, tuple[float, str]]:
    pitches = [np.array([one.pitch for one in line]) for line in lines]
    classes = np.bincount(np.concatenate(pitches) % 12, minlength=12).astype(float)
    shares = classes[classes > 0] / classes.sum()
    spans = [line[-1].beat + line[-1].lasts - line[0].beat for line in lines]
    sounding = [sum(one.lasts for one in line) for line in lines]
    steps = np.abs(np.concatenate([np.diff(one) for one in pitches]))
    return {
        "entropy of pitch classes": (float(-(shares * np.log2(shares)).sum()), "bits"),
        "compass": (float(np.mean([np.ptp(one) for one in pitches])), "semitones"),
        "share of time at rest": (float(1 - min(1.0, sum(sounding) / sum(spans))), ""),
        "notes per beat": (sum(len(line) for line in lines) / sum(spans), ""),
        "mean size of a step": (float(steps.mean()), "semitones"),
        "repeated notes": (float((steps == 0).mean()), ""),
        "mean duration": (sum(sounding) / sum(len(line) for line in lines), "beats"),
    }


def _shared(melodies: dict[str, list[list[Heard]]], library: copies.Library) -> list[Figure]:
    """The longest run of each melody, as it is laid, that the training data holds."""
    runs = {
        name: [library.longest_run(*_numbers(line)) for line in lines if len(line) > 1]
        for name, lines in melodies.items()
    }
    nets, rules = runs["nets"], runs["rules"]
    note = (
        f"mean {np.mean(nets):.1f}, most {max(nets)}; "
        f"rules {np.percentile(rules, 95):.3g}, {np.mean(rules):.1f}, {max(rules)}"
    )
    return [
        Figure("melodies", "longest run shared with training, p95",
               float(np.percentile(nets, 95)), "", COPIED_P95, False, note),
        Figure("melodies", "longest run shared with training, most", float(max(nets)), "",
               float(copies.LONGEST), False),
    ]  # fmt: skip


def _copied(net: LineNet, line: Sequence[Heard]) -> bool:
    """Whether the notes of one piece, as they are laid, hold a run that the net must not write."""
    return copies.is_copied(*_numbers(line), net.index)


def _numbers(line: Sequence[Heard]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pitches and classes of duration, as the net knows them."""
    ticks = np.array(DURATIONS)
    lasts = np.array([12.0 * one.lasts for one in line])
    duration = np.abs(ticks[None] - lasts[:, None]).argmin(1) if len(line) else np.zeros(0, int)
    pitch = np.array([one.pitch % 64 for one in line], np.int64)
    return pitch, duration.astype(np.int64)


def density_figures(song: Song, nets: Nets, seeds: int) -> list[Figure]:
    """Melody notes a beat of new melodies as density is asked from 0 to 1 in five steps."""
    rates = []
    for density in (0.0, 0.25, 0.5, 0.75, 1.0):
        notes = beats = 0.0
        for seed in range(seeds):
            ask = replace(_ask(song, seed, line="melody", density=density), vocals=False)
            recipe = compose_by_nets(Order(ask, (song,), nets=nets), time.perf_counter).recipe
            spans = _spans_of_notes(recipe)
            notes += len(recipe.notes)
            beats += spans * _beats_a_second(recipe)
        rates.append(notes / max(1e-9, beats))
    note = "notes a beat " + ", ".join(f"{one:.2f}" for one in rates)
    rises = float(all(low < high for low, high in pairwise(rates)))
    return [Figure("density", "each of five steps has more notes", rises, "", 1.0, note=note)]


def _spans_of_notes(recipe: Recipe) -> float:
    """Seconds of the sections that hold notes."""
    held = [s for s in recipe.sections
            if any(s.start - LEAD <= n.start < s.end for n in recipe.notes)]  # fmt: skip
    return sum(one.end - one.start for one in held) / RATE


# -- batches --------------------------------------------------------------------------------------


def batch_figures(song: Song, nets: Nets, *, is_quick: bool) -> list[Figure]:
    """The line net for one request and for 64; the whole director for one order and for eight."""
    net: LineNet = nets["line"].runs
    requests = [LineRequest("melody", progression(16, n), 900 + n, 1) for n in range(BATCH)]
    net.write(requests[:2])
    alone = _seconds(lambda: [net.write([one]) for one in requests[: 8 if is_quick else 24]])
    each = alone / (8 if is_quick else 24)
    together = _seconds(lambda: net.write(requests)) / BATCH
    return [
        Figure("batches", f"line net, {BATCH} requests against 1", each / together, "x", GAIN,
               note=f"{1 / each:.1f} melodies a second alone, {1 / together:.1f} in {BATCH}"),
        *_across(song, nets, 4 if is_quick else 8),
    ]  # fmt: skip


def _across(song: Song, nets: Nets, many: int) -> list[Figure]:
    """What batches across pieces that are asked for at one moment would gain and cost."""
    cpu = time.process_time
    orders = [Order(_ask(song, 200 + n), (song,), nets=nets) for n in range(many)]
    alone = [compose_by_nets(one, cpu) for one in orders]
    singly = sum(sum(one.milliseconds for one in made.took) for made in alone) / many
    joint = compose_together(orders, cpu)
    stages = next(made.took for made in joint if isinstance(made, Composed))
    jointly = sum(one.milliseconds for one in stages) / many
    longest = max(one.milliseconds for made in alone for one in made.took)
    wait = f"one by one {singly * (many + 1) / 2:.0f} ms, the first after {singly:.0f} ms"
    return [
        Figure("batches", f"whole pieces, {many} together against 1", singly / jointly, "x",
               note=f"CPU, {singly:.0f} ms a piece alone, {jointly:.0f} ms in {many}"),
        Figure("batches", f"wait for a recipe where {many} are asked for at once, together",
               jointly * many, "ms", note=f"mean {wait}"),
        Figure("batches", f"longest stage of {many} together", max(
            one.milliseconds for one in stages), "ms",
               note=f"nobody more urgent is served in it; alone {longest:.0f} ms"),
    ]  # fmt: skip


def _seconds(run: Callable[[], object]) -> float:
    """Seconds of CPU."""
    begun = time.process_time()
    run()
    return time.process_time() - begun
