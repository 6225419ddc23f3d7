"""The recipes of the golden renders: one or more for every processor version that the engine has.

Cases of clip processors are made for each version in `PROCESSORS`, so a new version has cases from
the day it is named and lacks only its files. Invariant: a case never changes; another sound is
another case.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from generation.engine.clips import PROCESSORS
from generation.engine.render import render
from generation.recipe import (
    Band,
    Bus,
    Clip,
    Compressor,
    Grains,
    Limiter,
    Note,
    Recipe,
    Reverb,
    Section,
    Source,
    Strip,
)
from tests.generation.engine.golden import sounds

FOLDER = Path(__file__).parent
LENGTH = 96_000
SEAM = 70_300
# From the start; and where one section's console is blended into the next, 33 frames and more in.
STRETCHES = ((0, 1_920), (SEAM - 1_280, SEAM + 640))
# Well inside the stem, so that no frame is cut by its edge.
SLOWER = ((0, 9_000), (40_000, 44_700), (LENGTH, 94_800))
FASTER = ((0, 9_000), (50_000, 64_000), (LENGTH, 112_300))
OWN = ((0, 0),)
IDLE = Bus(None, None, Limiter(ceiling_dbtp=0.0))
SQUEEZE = Compressor(-26.0, 3.5, 8.0, 90.0, 2.0)


@dataclass(frozen=True)
class Case:
    """A recipe by name, the processor versions it stands for, and a mark if it has one."""

    recipe: Recipe
    covers: tuple[str, ...]
    mark: Callable[[], np.ndarray] | None = None


def _recipe(clips, **changes):
    """Three sources in two sections over an idle bus."""
    return replace(
        Recipe(
            mode="remix",
            length=LENGTH,
            grid=None,
            key=None,
            sources=tuple(
                Source(one, "other", sounds.LENGTH) for one in ("chord", "voice", "drums")
            ),
            sections=(Section("A", 0, SEAM, 0.5), Section("B", SEAM, LENGTH, 0.8)),
            clips=tuple(clips),
            strips=(),
            bus=IDLE,
            gain_db=0.0,
            target_lufs=-14.0,
            reached_lufs=-14.0,
            seed=1,
        ),
        **changes,
    )


def _clip(source, processor, anchors, semitones=0, window=4_096, formants=False, grains=None):
    return Clip(source, processor, 0, LENGTH, anchors, semitones, window, formants, grains=grains)


def _vocoder(name):
    """Pitch and pace both ways at every window size, formants, hits, and with an equalizer."""
    looks = {
        "w2048-up": (0, SLOWER, 2, 2_048, False),
        "w2048-down": (0, FASTER, -3, 2_048, False),
        "w4096-up": (0, SLOWER, 5, 4_096, False),
        "w4096-down": (0, FASTER, -1, 4_096, False),
        "w8192-up": (0, FASTER, 1, 8_192, False),
        "w8192-down": (0, SLOWER, -7, 8_192, False),
        "formants": (1, SLOWER, 4, 4_096, True),
        "hits": (2, FASTER, 0, 2_048, False),
    }
    for look, (source, *how) in looks.items():
        yield look, Case(_recipe([_clip(source, name, *how)]), (name,))
    strips = (
        Strip(0, 0, -2.0, 0.2, (Band("low_shelf", 140.0, -5.0), Band("peak", 900.0, 6.0, 1.4))),
        Strip(0, 1, 1.0, -0.3, (Band("high_shelf", 3_000.0, 5.0),)),
    )
    yield "eq", Case(_recipe([_clip(0, name, SLOWER, 2, 4_096)], strips=strips), (name,))


def _slices(name):
    for look, anchors in (("slower", SLOWER), ("faster", FASTER)):
        yield look, Case(_recipe([_clip(2, name, anchors)]), (name,))


def _granular(name):
    grains = Grains(120.0, 25.0, 90.0, 0.6, 41)
    yield "cloud", Case(_recipe([_clip(0, name, SLOWER, 3, grains=grains)]), (name,))


_KINDS = {"vocoder": _vocoder, "slices": _slices, "granular": _granular}


def _clip_cases():
    for name in PROCESSORS:
        kind, version = name.split("/")
        for look, case in _KINDS[kind](name):
            yield f"{kind}-{version}-{look}", case


def _own_pace(**changes):
    """The stems as they are, so that only what `changes` adds is heard."""
    clips = [_clip(source, "vocoder/1", OWN) for source in range(3)]
    return _recipe(clips, **changes)


def _console_cases():
    bright = (Band("low_shelf", 140.0, -4.0), Band("peak", 900.0, 5.0, 1.4))
    dark = (Band("high_shelf", 6_000.0, -6.0), Band("peak", 300.0, 3.0, 2.0))
    strips = (
        Strip(0, 0, -3.0, 0.3, bright),
        Strip(0, 1, -1.0, -0.4, dark),
        Strip(1, 0, -6.0, -0.2),
        Strip(2, 1, 2.0, 0.7, bright),
    )
    yield "console-1-eq", Case(_own_pace(strips=strips), ("console/1",))
    strips = (
        Strip(0, 0, 0.0, 0.0, (), SQUEEZE),
        Strip(0, 1, 0.0, 0.0, bright, replace(SQUEEZE, ratio=6.0, release_db_per_s=200.0)),
        Strip(2, 0, 1.0, 0.0, (), replace(SQUEEZE, threshold_db=-32.0, attack_ms=2.0)),
    )
    yield "compressor-1-strip", Case(_own_pace(strips=strips), ("compressor/1",))
    notes = (
        Note(0, 200, 30_000, 9_000, 40_000, 5, -3.0, "net"),
        Note(1, 64_000, 9_000, 20_000, 60_000, -7, 0.0, "net"),
    )
    yield "struck-1-notes", Case(_recipe([], notes=notes), ("struck/1",))
    notes = (
        Note(
            0, 200, 90_000, 9_000, 40_000, 3, -3.0, "net", "struck/2", -37, (20_000, 33_000), 96, 9
        ),
        Note(1, 64_000, 9_000, 20_000, 60_000, -2, 0.0, "", "struck/2", 18, None, 480, 720),
        Note(2, 69_000, 9_000, 4_000, 12_000, 0, 0.0, "", "struck/2", 0, None, 0, 720),
    )
    yield "struck-2-notes", Case(_recipe([], notes=notes), ("struck/2",))


def _bus_cases():
    room = Reverb("reverb/1", 0.9, 15.0, 3_500.0, 3.0, 9)
    sent = tuple(
        Strip(source, section, -6.0, 0.0, (), None, -4.0 - 3.0 * source)
        for source in range(3)
        for section in range(2)
    )
    yield (
        "reverb-1-room",
        Case(_own_pace(strips=sent, bus=replace(IDLE, reverb=room)), ("reverb/1",)),
    )
    squeeze = replace(SQUEEZE, threshold_db=-20.0)
    yield (
        "compressor-1-bus",
        Case(_own_pace(bus=replace(IDLE, compressor=squeeze)), ("compressor/1",)),
    )
    driven = Bus(None, None, Limiter(ceiling_dbtp=-1.5))
    yield "limiter-1-driven", Case(_own_pace(bus=driven, gain_db=6.0), ("limiter/1",))
    yield "mark-1", Case(_own_pace(gain_db=-6.0), ("mark/1",), mark_gains)


def mark_gains():
    """Gains of 16 bands that rise and fall by 2 % from frame to frame."""
    frame, band = np.meshgrid(np.arange(LENGTH // 1_024 + 2), np.arange(16), indexing="ij")
    return np.where((3 * frame + 5 * band) % 7 < 3, 1.02, 0.98).astype(np.float32)


def mix():
    """A small whole: every processor of schema 1, three sections, room, compressors, fades."""
    half = 30_500
    bright = (Band("high_shelf", 7_000.0, 3.0),)
    strips = (
        Strip(0, 0, -4.0, -0.3, bright, None, -14.0),
        Strip(0, 1, -2.0, -0.1, (), SQUEEZE, -10.0),
        Strip(0, 2, -5.0, -0.2, bright, SQUEEZE, -12.0),
        Strip(1, 0, -6.0, 0.3, (), None, -9.0),
        Strip(1, 2, -3.0, 0.4, bright, None, -6.0),
        Strip(2, 1, 1.0, 0.0, (), SQUEEZE, -20.0),
    )
    clips = (
        replace(_clip(0, "vocoder/1", SLOWER, 2, 8_192), fade_in=900, fade_out=2_000),
        replace(_clip(1, "vocoder/1", SLOWER, 2, 4_096, True), start=12_000, fade_in=600),
        _clip(2, "slices/1", SLOWER),
        replace(
            _clip(0, "granular/1", FASTER, -5, grains=Grains(200.0, 9.0, 300.0, 0.8, 3)),
            start=40_000,
            fade_in=8_000,
        ),
    )
    return _recipe(
        clips,
        sections=(
            Section("A", 0, half, 0.4),
            Section("B", half, SEAM, 0.6),
            Section("C", SEAM, LENGTH, 0.9),
        ),
        strips=strips,
        notes=(Note(1, 60_000, 20_000, 30_000, 52_000, 7, -6.0, "net"),),
        bus=Bus(
            Reverb("reverb/1", 1.1, 22.0, 5_000.0, -2.0, 4),
            Compressor(-20.0, 2.0, 20.0, 80.0, 1.0),
            Limiter(),
        ),
        gain_db=7.0,
        fade_in=300,
        fade_out=9_000,
    )


def cases():
    """Every case by name."""
    found = {**dict(_clip_cases()), **dict(_console_cases()), **dict(_bus_cases())}
    return found | {"mix": Case(mix(), ())}


def heard(case, stems, onsets):
    """Both stretches of a case, float32 [2 stretches, 2 channels, n]."""
    mark = None if case.mark is None else case.mark()
    pieces = [
        render(case.recipe, stems, onsets, *stretch, mark=mark, with_parts=False).audio
        for stretch in STRETCHES
    ]
    return np.stack(pieces)


def windows(stems, onsets):
    """The window table of the whole mix, float64 [20, 3]."""
    return render(mix(), stems, onsets, 0, LENGTH, with_parts=False).windows
