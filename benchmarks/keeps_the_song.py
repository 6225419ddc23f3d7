"""How far honest renders lie from broken ones, by the measure that refuses what is not the song.

Renders the demo's two pieces and four of our own synthesis in all modes, then breaks each remix on
purpose: a semitone off, half a beat late, 5 % too slow, another song's stems, noise, one source
silent, one source another's. Prints the lowest and highest figures of each kind, judged as sealing
does (the whole) and as planning does (six short stretches), and the CPU time of both. `--stems`
adds a folder of stems, `--json` prints for machines, `--check` exits 1 when an honest render is
refused or a broken one is kept that a listener would notice, `--quick` takes one song.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np

from benchmarks.pieces import piece
from generation.analysis.likeness import Likeness, likeness_of
from generation.analysis.measure import measure_recording, measure_stem
from generation.compose.values import Ask, Song, SongStem
from generation.compose.whole import Audio, Onsets, levels_of, onsets_of, plan
from generation.engine.forecast import forecast
from generation.engine.render import render
from generation.recipe import Clip, Recipe, from_json, to_json
from portal.demo.song import harbour, lanterns
from portal.demo.stems import stem_files, take

SECONDS = 20.0
SYNTHESISED = (0, 7, 14, 28)
MODES = ("remix", "mood", "focus", "ambient")
# One source counts for the check when it gives this much of the energy.
HEARD = 0.15
Material = tuple[Song, dict[str, Audio]]


@dataclass(frozen=True, slots=True)
class Read:
    """One render: what was done to it and what was found, for the whole and for stretches."""

    song: str
    mode: str
    kind: str
    part: float
    whole: Likeness
    stretches: Likeness


def songs(folders: list[Path], *, quick: bool) -> Iterator[tuple[str, Material]]:
    """The songs by name, each with its samples by digest."""
    yield "Slow Harbour", _of({name: make() for name, make in harbour.STEMS.items()}, "h")
    yield "Paper Lanterns", _of({name: make() for name, make in lanterns.STEMS.items()}, "l")
    for number in () if quick else SYNTHESISED:
        made = piece(number)
        stems = {name: np.stack([line, line]) for name, line in made.stems.items()}
        yield made.name, _of(stems, f"s{number}")
    for folder in folders:
        taken = take(stem_files(folder), Path(tempfile.mkdtemp(prefix="stems-")))
        yield folder.name, (taken.song, dict(taken.samples))


def _of(sounds: Mapping[str, Audio], prefix: str) -> Material:
    sounds = {name: np.ascontiguousarray(sound, dtype=np.float32) for name, sound in sounds.items()}
    stems = tuple(
        SongStem((prefix + name).encode().hex().ljust(64, "0"), name, measure_stem(sound, name))
        for name, sound in sounds.items()
    )
    together = measure_recording(list(sounds.values()), [stem.analysis for stem in stems])
    return Song(stems, together), {stem.digest: sounds[stem.label] for stem in stems}


def asks(song: Song) -> Iterator[Ask]:
    """Two of each mode: as it is, and faster in another key."""
    tempo, key = song.analysis.tempo_bpm, song.analysis.key
    for place, mode in enumerate(MODES):
        yield Ask(mode, seconds=SECONDS, seed=10 * place + 2, energy=0.8, brightness=0.2)
        faster = tempo * 1.12 if tempo and mode != "ambient" else None
        moved = ("D min" if "min" in key else "D maj") if key else None
        yield Ask(
            mode, seconds=SECONDS, seed=10 * place + 1, energy=0.3, brightness=0.8, density=0.9,
            tempo_bpm=faster, key=moved,
        )  # fmt: skip


def breaks(
    recipe: Recipe, stems: dict[str, Audio], onsets: dict[str, Onsets], song: Song, other: Material
) -> Iterator[tuple[str, int | None, Recipe, dict[str, Audio], dict[str, Onsets]]]:
    """(kind, source or None, recipe, stems, onsets) of everything that may go wrong."""
    beat = 60.0 / (song.analysis.tempo_bpm or 100.0) * 48_000
    clips = recipe.clips
    pitched = [recipe.sources[one.source].role != "drums" for one in clips]
    off = tuple(
        replace(one, semitones=one.semitones + (1 if one.semitones < 11 else -1)) if has else one
        for one, has in zip(clips, pitched, strict=True)
    )
    yield "a semitone off", None, replace(recipe, clips=off), stems, onsets
    late = tuple(replace(one, anchors=_moved(one, round(beat / 2))) for one in clips)
    yield "half a beat off", None, replace(recipe, clips=late), stems, onsets
    yield "5 % too slow", None, _slowed(recipe, 1.05), stems, onsets
    lent, lent_onsets = _lent(recipe, other)
    yield "another song", None, recipe, lent, lent_onsets
    for place, source in enumerate(recipe.sources):
        quiet = stems | {source.digest: np.zeros_like(stems[source.digest])}
        yield "one source silent", place, recipe, quiet, onsets
        name = source.digest
        strange = stems | {name: lent[name]}
        yield "one source swapped", place, recipe, strange, onsets | {name: lent_onsets[name]}


def _moved(clip: Clip, samples: int) -> tuple[tuple[int, int], ...]:
    anchors = clip.anchors
    if len(anchors) == 1:
        anchors = (*anchors, (anchors[0][0] + 48_000, anchors[0][1] + 48_000))
    return tuple((out, src + samples) for out, src in anchors)


def _slowed(recipe: Recipe, pace: float) -> Recipe:
    """Everything later by a factor, from the beginning on."""

    def at(sample: int) -> int:
        return round(sample * pace)

    clips = tuple(
        replace(
            one,
            start=at(one.start),
            end=at(one.end),
            anchors=tuple((at(out), src) for out, src in _moved(one, 0)),
        )
        for one in recipe.clips
    )
    sections = tuple(replace(s, start=at(s.start), end=at(s.end)) for s in recipe.sections)
    return replace(recipe, length=at(recipe.length), clips=clips, sections=sections)


def _lent(recipe: Recipe, other: Material) -> tuple[dict[str, Audio], dict[str, Onsets]]:
    """Another song's stems under this one's digests."""
    sounds, onsets = list(other[1].values()), list(onsets_of([other[0]]).values())
    lent, attacks = {}, {}
    for place, source in enumerate(recipe.sources):
        sound = sounds[place % len(sounds)]
        times = -(-source.length // sound.shape[1])
        lent[source.digest] = np.ascontiguousarray(np.tile(sound, (1, times))[:, : source.length])
        attacks[source.digest] = onsets[place % len(onsets)]
    return lent, attacks


def judged(
    recipe: Recipe, made: Recipe, stems: dict[str, Audio], sounds: dict[str, Audio],
    onsets: dict[str, Onsets], levels: Any,
) -> tuple[Likeness, Likeness]:  # fmt: skip
    """What `made` from `sounds` sounds like, beside what `recipe` says of `stems`."""
    made = from_json(to_json(made))
    whole = render(made, sounds, onsets, 0, made.length, with_parts=False, with_windows=False)
    audio = whole.audio[:, : recipe.length]
    audio = np.pad(audio, ((0, 0), (0, recipe.length - audio.shape[1])))
    probes = forecast(made, sounds, onsets, levels).probes
    heard = [(one.start, one.sound[:, : max(0, recipe.length - one.start)]) for one in probes]
    heard = [one for one in heard if one[1].shape[1]]
    return likeness_of(recipe, stems, [(0, audio)]), likeness_of(recipe, stems, heard)


def readings(material: dict[str, Material]) -> Iterator[Read]:
    """Every render of every song."""
    names = list(material)
    for number, name in enumerate(names):
        song, stems = material[name]
        onsets, levels = onsets_of([song]), levels_of([song])
        for ask in asks(song):
            recipe = plan(ask, [song], stems)
            found = judged(recipe, recipe, stems, stems, onsets, levels)
            yield Read(name, ask.mode, "honest", 1.0, *found)
            if ask.mode != "remix" or ask.seed != 1:
                continue
            noise = 0.1 * np.random.default_rng(1).standard_normal((2, recipe.length))
            one = likeness_of(recipe, stems, [(0, noise.astype(np.float32))])
            yield Read(name, ask.mode, "noise", 1.0, one, one)
            shares = _shares(recipe, stems)
            other = material[names[(number + 1) % len(names)]]
            for kind, place, made, sounds, attacks in breaks(recipe, stems, onsets, song, other):
                found = judged(recipe, made, stems, sounds, attacks, levels)
                part = 1.0 if place is None else shares[place]
                yield Read(name, ask.mode, kind, part, *found)


def _shares(recipe: Recipe, stems: dict[str, Audio]) -> list[float]:
    """How much of the energy each source is expected to give."""
    from generation.analysis.carrying import expected_of

    bands = expected_of(recipe, stems, [(0, recipe.length)]).bands.sum(axis=(1, 2))
    return [float(one) for one in bands / bands.sum()]


def costs(material: Material, *, quick: bool) -> dict[str, float]:
    """CPU milliseconds of judging 180 s with all stems, and of judging six stretches; medians."""
    song, stems = material
    seconds = 60.0 if quick else 180.0
    recipe = plan(Ask("remix", seconds=seconds, seed=1), [song], stems)
    onsets = onsets_of([song])
    sound = render(
        recipe, stems, onsets, 0, recipe.length, with_parts=False, with_windows=False
    ).audio
    probes = forecast(recipe, stems, onsets, levels_of([song])).probes
    stretches = [(one.start, one.sound[:, : recipe.length - one.start]) for one in probes]
    found = {}
    for name, heard in (("whole", [(0, sound)]), ("stretches", stretches)):
        took = []
        for _ in range(9):
            begun = time.process_time()
            likeness_of(recipe, stems, heard)
            took.append(1000.0 * (time.process_time() - begun))
        found[f"{name}_cpu_ms"] = round(float(np.median(took)), 1)
    return found | {"seconds": seconds, "sources": len(recipe.sources)}


def summary(reads: list[Read]) -> list[dict[str, Any]]:
    """Per kind: how many, how many were kept, and the span of the figures."""
    rows = []
    for kind in dict.fromkeys(one.kind for one in reads):
        own = [one for one in reads if one.kind == kind]
        row: dict[str, Any] = {"kind": kind, "renders": len(own)}
        for way in ("whole", "stretches"):
            found = [getattr(one, way) for one in own]
            row[f"{way}_kept"] = sum(one.is_kept for one in found)
            for name in ("chroma", "onsets"):
                values = [v for one in found if (v := getattr(one.whole, name)) is not None]
                row[f"{way}_{name}"] = [min(values), max(values)] if values else None
        rows.append(row)
    return rows


def faults(reads: list[Read]) -> list[str]:
    """What the measure got wrong: a sentence each.

    Stretches must not refuse what is honest and must refuse what is wrong throughout; a silent
    source that gives its part must be found in the whole. Swapped stems are told, not judged: the
    digests of stems are checked elsewhere.
    """
    found = []
    for one in reads:
        ways = {"the whole": one.whole, "stretches": one.stretches}
        if one.kind == "one source silent":
            ways = {"the whole": one.whole} if one.part >= HEARD else {}
        if one.kind == "one source swapped":
            ways = {}
        found += [
            f"{one.song}, {one.mode}, {one.kind} ({one.part:.0%}): wrongly judged by {way}"
            for way, likeness in ways.items()
            if likeness.is_kept != (one.kind == "honest")
        ]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--stems", action="append", type=Path, default=[])
    options = parser.parse_args()
    material = dict(songs(options.stems, quick=options.quick))
    reads = list(readings(material))
    wrong = faults(reads)
    cost = costs(material["Slow Harbour"], quick=options.quick)
    if options.json:
        each = [asdict(one) for one in reads]
        print(json.dumps({"kinds": summary(reads), "cost": cost, "faults": wrong, "reads": each}))
    else:
        for row in summary(reads):
            print(row)
        print(cost, *wrong, sep="\n")
    return 1 if options.check and wrong else 0


if __name__ == "__main__":
    sys.exit(main())
