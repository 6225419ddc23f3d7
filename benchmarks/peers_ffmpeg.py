"""Debian's ffmpeg as a contender: one filter graph for the whole job, by rubberband or by atempo.

It is run as a child on one thread; its CPU seconds are those the kernel counted for children. The
room is ffmpeg's own convolution with the engine's impulse response. Invariant: a graph says the
whole job, from the stems' files to a limited mix.
"""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.job import (
    BUS_SQUEEZE,
    DESK,
    EACH,
    RATE,
    ROOM,
    SEMITONES,
    SHARED,
    SPEED,
    TARGET_LUFS,
    Desk,
)
from generation.engine.kernels import Audio
from generation.recipe import Band, Compressor

ONE_THREAD = ("-threads", "1", "-filter_threads", "1", "-filter_complex_threads", "1")
CEILING_DB = -1.5


def by_rubberband(speed: float, semitones: int) -> str:
    """Rubber Band as a filter, its own default settings."""
    return f"rubberband=tempo={speed:.9f}:pitch={2 ** (semitones / 12):.9f}"


def by_atempo(speed: float, semitones: int) -> str:
    """Pitch by playing at another rate, pace put right by overlap and add."""
    ratio = 2 ** (semitones / 12)
    rate = round(RATE * ratio)
    moved = f"asetrate={rate},aresample={RATE}," if semitones else ""
    return f"{moved}atempo={speed / ratio:.9f}"


class Ffmpeg:
    """One of the two graphs."""

    def __init__(self, name: str, reach: float, move: str) -> None:
        self.name, self.reach, self.rounds = name, reach, None
        self._move = {"rubberband": by_rubberband, "atempo": by_atempo}[move]
        self._filter = move

    def missing(self) -> str | None:
        """Whether there is an ffmpeg with the filters that the graph needs."""
        if shutil.which("ffmpeg") is None:
            return "no ffmpeg here (apt-get install ffmpeg)"
        told = subprocess.run(["ffmpeg", "-filters"], capture_output=True, text=True, check=False)
        needed = (self._filter, "afir", "loudnorm", "alimiter")
        absent = [one for one in needed if f" {one} " not in told.stdout]
        return f"this ffmpeg lacks {', '.join(absent)}" if absent else None

    def stretch(self, stem: Audio, speed: float, semitones: int) -> Audio:
        """One stem."""
        with tempfile.TemporaryDirectory() as folder:
            path = _kept(Path(folder), "stem", stem)
            graph = f"[0:a]{self._move(speed, semitones)}[out]"
            return _child(Path(folder), [path], graph)[1]

    def job(self, stems: Mapping[str, Audio], *, first: bool) -> tuple[dict[str, float], Audio]:
        """The whole job by a child for each kind of reverb, by the shared one after the first."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            files = [_kept(folder, stem, sound) for stem, sound in stems.items()]
            files.append(_kept(folder, "room", impulse_response()))
            spent, rooms = {}, {SHARED: _shared} | ({EACH: _each} if first else {})
            for kind, room in reversed(rooms.items()):
                graph = ";".join([*self._strips(list(stems)), *room(list(stems)), MASTER])
                spent[kind], mix = _child(folder, files, graph)
            return spent, mix

    def _strips(self, names: list[str]) -> list[str]:
        """Each stem stretched and through its own desk, then split into dry and send."""
        move = self._move(SPEED, SEMITONES)
        return [
            f"[{i}:a]{move},{desk_of(DESK[name])},asplit[dry{i}][to{i}];"
            f"[to{i}]volume={DESK[name].send_db}dB[send{i}]"
            for i, name in enumerate(names)
        ]


def contenders() -> list[Ffmpeg]:
    """Both graphs."""
    return [
        Ffmpeg("ffmpeg rubberband graph", 20.0, "rubberband"),
        Ffmpeg("ffmpeg atempo graph", 4.0, "atempo"),
    ]


# -- graphs ---------------------------------------------------------------------------------------


def desk_of(desk: Desk) -> str:
    """EQ, compressor, gain and pan as a chain of filters."""
    angle = (desk.pan + 1.0) * np.pi / 4.0
    left, right = np.sqrt(2.0) * np.cos(angle), np.sqrt(2.0) * np.sin(angle)
    chain = [_band(one) for one in desk.bands]
    if desk.compressor is not None:
        chain.append(_compressor(desk.compressor))
    chain += [f"volume={desk.gain_db}dB", f"pan=stereo|c0={left:.6f}*c0|c1={right:.6f}*c1"]
    return ",".join(chain)


def _band(band: Band) -> str:
    kind = {"low_shelf": "bass", "peak": "equalizer", "high_shelf": "treble"}[band.kind]
    return f"{kind}=f={band.hz:g}:t=q:w={band.q:g}:g={band.gain_db:g}"


def _compressor(squeeze: Compressor) -> str:
    release_ms = 10.0 / squeeze.release_db_per_s * 1e3
    return (
        f"acompressor=threshold={squeeze.threshold_db}dB:ratio={squeeze.ratio}"
        f":attack={squeeze.attack_ms}:release={release_ms:.0f}:makeup={squeeze.makeup_db}dB"
    )


_AFIR = "afir=dry=1:wet=1:gtype=none:irfmt=input:maxir=4"


def _shared(names: list[str]) -> list[str]:
    """One convolution for the sum of the sends."""
    count = len(names)
    sends = "".join(f"[send{i}]" for i in range(count))
    dry = "".join(f"[dry{i}]" for i in range(count))
    return [
        f"{sends}amix=inputs={count}:normalize=0[sends]",
        f"[sends][{count}:a]{_AFIR}[room]",
        f"{dry}[room]amix=inputs={count + 1}:normalize=0[mix]",
    ]


def _each(names: list[str]) -> list[str]:
    """A convolution of its own for every stem."""
    count = len(names)
    rooms = "".join(f"[room{i}]" for i in range(count))
    halls = "".join(f"[hall{i}]" for i in range(count))
    return [
        f"[{count}:a]asplit={count}{rooms}",
        *(f"[send{i}][room{i}]{_AFIR}[hall{i}]" for i in range(count)),
        "".join(f"[dry{i}]" for i in range(count))
        + f"{halls}amix=inputs={2 * count}:normalize=0[mix]",
    ]


MASTER = (
    f"[mix]{_compressor(BUS_SQUEEZE)},loudnorm=I={TARGET_LUFS:g}:TP={CEILING_DB:g}:LRA=11,"
    f"aresample={RATE},alimiter=limit={10 ** (CEILING_DB / 20):.6f}:level=false[out]"
)


def impulse_response() -> Audio:
    """A room as the job's recipe describes it: decaying noise, -60 dB after `seconds`."""
    count = round(ROOM.seconds * RATE)
    ahead = round(ROOM.predelay_ms * RATE / 1e3)
    decay = 10.0 ** (-3.0 * np.arange(count) / count)
    noise = np.random.default_rng(ROOM.seed).standard_normal((2, count)) * decay
    noise /= np.sqrt((noise**2).sum(axis=1, keepdims=True))
    return np.pad(noise, ((0, 0), (ahead, 0))).astype(np.float32)


# -- the child ------------------------------------------------------------------------------------


def _kept(folder: Path, name: str, sound: Audio) -> Path:
    path = folder / f"{name}.wav"
    soundfile.write(path, sound.T, RATE, subtype="FLOAT")
    return path


def _child(folder: Path, files: list[Path], graph: str) -> tuple[float, Audio]:
    """CPU seconds of one ffmpeg and its "[out]", float32 [2, n]."""
    out = folder / "out.f32"
    inputs = [word for path in files for word in (*ONE_THREAD[:2], "-i", str(path))]
    command = [
        "ffmpeg", "-nostdin", "-y", "-loglevel", "error", *ONE_THREAD[2:], *inputs,
        "-filter_complex", graph, "-map", "[out]", "-ar", str(RATE), "-ac", "2", *ONE_THREAD[:2],
        "-f", "f32le", str(out),
    ]  # fmt: skip
    usage = partial(resource.getrusage, resource.RUSAGE_CHILDREN)
    before = usage()
    subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    after = usage()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, np.ascontiguousarray(np.fromfile(out, np.float32).reshape(-1, 2).T)
