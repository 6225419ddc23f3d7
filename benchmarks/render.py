"""How fast a whole variation is rendered: five stereo stems, 180 s, one pinned thread.

Tempo 112 to 124 bpm, two semitones up, EQ, compressors, a shared room, -14 LUFS, limiter, exact
attribution, segments left unencoded. Stems are made here by formula. `--json` prints the figures
for machines, `--check` exits 1 when speed is below 10 times real time, `--quick` renders 30 s.
"""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from generation.engine.clips import Onsets
from generation.engine.kernels import Audio, Samples
from generation.engine.lines import lines_of
from generation.engine.loudness import integrated_lufs, true_peak_dbtp
from generation.engine.plan import plan_gain, with_plan
from generation.engine.render import Cache, render
from generation.engine.warm import warm_up
from generation.recipe import (
    PIECE_SAMPLES,
    Band,
    Bus,
    Clip,
    Compressor,
    Grid,
    Limiter,
    Recipe,
    Reverb,
    Section,
    Source,
    Strip,
    from_json,
    to_json,
)

RATE = 48_000
FROM_BPM, TO_BPM = 112.0, 124.0
REACH = 10.0
SQUEEZE = Compressor(-24.0, 3.0, 10.0, 120.0, 2.0)
DESK: dict[str, tuple[str, int, tuple[Band, ...], Compressor | None, float]] = {
    "drums": ("slices/1", 4_096, (Band("high_shelf", 8_000.0, 2.0),), SQUEEZE, -24.0),
    "bass": ("vocoder/1", 8_192, (Band("low_shelf", 90.0, 2.0),), SQUEEZE, -30.0),
    "keys": (
        "vocoder/1", 4_096, (Band("peak", 400.0, -3.0), Band("high_shelf", 6e3, 2.0)), None, -12.0,
    ),
    "lead": ("vocoder/1", 2_048, (Band("peak", 2_500.0, 2.0),), SQUEEZE, -10.0),
    "pad": ("vocoder/1", 8_192, (Band("low_shelf", 150.0, -4.0),), None, -8.0),
}  # fmt: skip


def _tone(time_s: Audio, hertz: float, harmonics: int) -> Audio:
    """A note whose partials fall by 1 / n**1.3."""
    partials = [
        np.sin(2 * np.pi * hertz * n * time_s + n) / n**1.3 for n in range(1, harmonics + 1)
    ]
    return np.sum(partials, axis=0).astype(np.float32)


def _line(total: int, beat: int, notes: tuple[float, ...], beats: int, harmonics: int) -> Audio:
    """Notes of `beats` beats one after another with a soft attack and decay."""
    size = beat * beats
    t = np.arange(size, dtype=np.float32) / RATE
    shape = np.minimum(1.0, t / 0.01) * np.exp(-t / (size / RATE))
    shape *= np.minimum(1.0, (size - np.arange(size)) / 480.0)
    bank = [(_tone(t, hertz, harmonics) * shape).astype(np.float32) for hertz in notes]
    out = np.zeros(total, dtype=np.float32)
    for i, start in enumerate(range(0, total, size)):
        part = bank[i % len(bank)][: total - start]
        out[start : start + len(part)] = part
    return out


def _drums(total: int, beat: int) -> tuple[Audio, Samples]:
    """Kick, snare and hats on eighths; their places."""
    rng = np.random.default_rng(7)
    t = np.arange(9_600, dtype=np.float32) / RATE
    kick = np.sin(2 * np.pi * 52 * t + 6 * np.exp(-t * 60)) * np.exp(-t * 18)
    snare = rng.standard_normal(9_600) * np.exp(-t * 25) * 0.5
    hat = np.diff(rng.standard_normal(9_601)) * np.exp(-t * 90) * 0.15
    out = np.zeros(total + 9_600, dtype=np.float32)
    places = np.arange(0, total - 1, beat // 2)
    for i, place in enumerate(places):
        hit = hat if i % 2 else (kick if i % 4 == 0 else snare + 0.3 * hat)
        out[place : place + 9_600] += hit.astype(np.float32)
    return out[:total], places.astype(np.int64)


def make_stems(seconds: float) -> tuple[dict[str, Audio], dict[str, Onsets]]:
    """Five stems of `seconds` at 112 bpm, float32 [2, n], and the onsets of the drums."""
    total, beat = int(seconds * RATE), round(60 / FROM_BPM * RATE)
    drums, places = _drums(total, beat)
    thirds = ((220.0, 261.8), (277.2, 329.9), (329.6, 392.2))
    fifths = ((110.0, 97.9), (164.8, 146.7), (196.0, 174.4))
    lead = (440.0, 493.9, 523.3, 587.3, 659.3)
    lines = {
        "drums": drums,
        "bass": 0.5 * _line(total, beat, (55.0, 65.41, 49.0, 58.27), 2, 6),
        "keys": 0.2 * np.sum([_line(total, beat, pair, 4, 8) for pair in thirds], axis=0),
        "lead": 0.3 * _line(total, beat, lead, 1, 12),
        "pad": 0.15 * np.sum([_line(total, beat, pair, 16, 5) for pair in fifths], axis=0),
    }
    rng = np.random.default_rng(11)
    width = np.array([[1.0], [0.85]], dtype=np.float32)
    stems = {}
    for name, line in lines.items():
        air = 0.002 * rng.standard_normal((2, total))
        stems[name] = np.ascontiguousarray((line[None, :] * width + air).astype(np.float32))
    return stems, {"drums": (places, np.full(len(places), 18.0))}


def make_recipe(stems: dict[str, Audio]) -> Recipe:
    """112 to 124 bpm and two semitones up, four sections, a full console."""
    source = next(iter(stems.values())).shape[1]
    length = int(source * FROM_BPM / TO_BPM)
    anchors = ((0, 0), (length, source))
    cuts = [length * i // 4 for i in range(5)]
    clips, strips = [], []
    for i, name in enumerate(stems):
        processor, window, bands, compressor, send = DESK[name]
        clips.append(Clip(i, processor, 0, length, anchors, 2, window))
        for section in range(4):
            gain, pan = -3.0 + section % 2, 0.1 * (i - 2)
            strips.append(Strip(i, section, gain, pan, bands, compressor, send))
    room = Reverb("reverb/1", 1.6, 20.0, 5_000.0, 0.0, 5)
    recipe = Recipe(
        mode="remix",
        length=length,
        grid=Grid(TO_BPM, 4),
        key=None,
        sources=tuple(Source(name, name, stem.shape[1]) for name, stem in stems.items()),
        sections=tuple(Section("ABAB"[i], cuts[i], cuts[i + 1], 0.5) for i in range(4)),
        clips=tuple(clips),
        strips=tuple(strips),
        bus=Bus(room, Compressor(-20.0, 2.0, 20.0, 80.0), Limiter()),
        gain_db=0.0,
        target_lufs=-14.0,
        reached_lufs=-14.0,
        seed=1,
        fade_out=RATE,
    )
    return from_json(to_json(recipe))


def _job(
    recipe: Recipe, stems: dict[str, Audio], onsets: dict[str, Onsets], attributed: bool
) -> dict[str, Any]:
    """One whole job in pieces of 2 s, as the worker does it; CPU and wall seconds."""
    began, wall = time.process_time(), time.perf_counter()
    planned = plan_gain(recipe, stems, onsets)
    after_plan = time.process_time()
    recipe = from_json(to_json(with_plan(recipe, planned)))
    cache, pieces, tables = Cache(), [], []
    for start in range(0, recipe.length, PIECE_SAMPLES):
        end = min(recipe.length, start + PIECE_SAMPLES)
        piece = render(
            recipe, stems, onsets, start, end, cache=cache, with_parts=False,
            with_windows=attributed,
        )  # fmt: skip
        pieces.append(piece.audio)
        tables.append(piece.windows)
    lines = lines_of(np.concatenate(tables), list(stems)) if attributed else ()
    cpu, passed = time.process_time() - began, time.perf_counter() - wall
    audio = np.concatenate(pieces, axis=1)
    return {
        "cpu_s": round(cpu, 3),
        "plan_cpu_s": round(after_plan - began, 3),
        "wall_s": round(passed, 3),
        "times_real_time": round(recipe.length / RATE / cpu, 1),
        "integrated_lufs": round(integrated_lufs(audio) or 0.0, 2),
        "reached_lufs": planned.reached_lufs,
        "true_peak_dbtp": round(true_peak_dbtp(audio) or 0.0, 2),
        "lines_ppm": dict(lines),
    }


def _measure(seconds: float, rounds: int) -> dict[str, Any]:
    stems, onsets = make_stems(seconds)
    recipe = make_recipe(stems)
    report: dict[str, Any] = {
        "machine": platform.processor() or platform.machine(),
        "seconds": round(recipe.length / RATE, 1),
        "stems": len(stems),
        "reach_times_real_time": REACH,
    }
    for name, attributed in (("with_attribution", True), ("without_attribution", False)):
        jobs = [_job(recipe, stems, onsets, attributed) for _ in range(rounds)]
        report[name] = sorted(jobs, key=lambda job: float(job["cpu_s"]))[rounds // 2]
    whole = report["with_attribution"]
    report["met"] = (
        whole["times_real_time"] >= REACH
        and abs(whole["integrated_lufs"] - whole["reached_lufs"]) <= 1.0
        and whole["true_peak_dbtp"] <= -1.0
        and sum(whole["lines_ppm"].values()) == 1_000_000
    )
    return report


def _table(report: dict[str, Any]) -> str:
    """The report for a person."""
    rows = [f"{report['stems']} stereo stems x {report['seconds']} s on one thread"]
    for name in ("with_attribution", "without_attribution"):
        job = report[name]
        rows.append(
            f"{name.replace('_', ' '):20} {job['times_real_time']:6.1f} x real time, "
            f"{job['cpu_s']:.2f} CPU s ({job['plan_cpu_s']:.2f} planning), "
            f"{job['wall_s']:.2f} s wall, {job['integrated_lufs']} LUFS, "
            f"{job['true_peak_dbtp']} dBTP"
        )
    verdict = "met" if report["met"] else "MISSED"
    rows.append(
        f"at least {report['reach_times_real_time']:g} x, target met within 1 LU: {verdict}"
    )
    return "\n".join(rows)


def main() -> int:
    """Runs the benchmark; exit status 1 when --check and a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    warm_up()
    seconds = 30.0 if asked.quick else 180.0
    report = _measure(seconds * TO_BPM / FROM_BPM, 1 if asked.quick else 3)
    print(json.dumps(report) if asked.json else _table(report))
    return 1 if asked.check and not report["met"] else 0


if __name__ == "__main__":
    sys.exit(main())
