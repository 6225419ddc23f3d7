"""What encoding costs and keeps: CPU time per 2 s, joins, positions, loudness and true peak.

Ten random pieces of synthetic music near the ceiling. Segments are made alone and compared with one
long encode around every join; whole files are finished as the product does it, decoded and read by
libebur128. `--json` prints for machines, `--check` exits 1 when a reach is missed, `--quick` takes
three pieces.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import av
import numpy as np
import pyebur128

from benchmarks.figures import Figure
from generation.engine import codecs, hls
from generation.engine.codecs import read_chunks, tags_for
from generation.engine.kernels import Audio
from generation.engine.lossy import CODERS, write_lossy
from generation.engine.master import PEAK_DBTP, finish
from generation.engine.segments import coder_of_aac, encode_segment
from generation.recipe import PIECE_SAMPLES, SAMPLE_RATE_HZ

PIECES, QUICK = 10, 3
SECONDS = 16
TAGS = tags_for("A piece", "The benchmark", "https://stemma.example/r/1", "2026")
FRAME = hls.AAC_FRAME
_EMPTY = 1e-12


def music(seed: int) -> Audio:
    """Chords, struck noise and a quiet bed, soft-clipped, with a true peak of -1.0 dBTP."""
    rng = np.random.default_rng(seed)
    sound = 0.002 * rng.standard_normal((2, SECONDS * SAMPLE_RATE_HZ))
    time_s = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    beat = int(SAMPLE_RATE_HZ * 60.0 / rng.uniform(70, 170))
    for start in range(0, sound.shape[1] - SAMPLE_RATE_HZ, beat):
        for _ in range(3):
            hertz = 82.4 * 2.0 ** (rng.integers(0, 36) / 12.0)
            note = sum(np.sin(2 * np.pi * hertz * h * time_s) / h for h in range(1, 9))
            note = note * np.exp(-rng.uniform(1, 6) * time_s) * np.minimum(1.0, time_s / 0.004)
            sound[:, start : start + len(time_s)] += rng.uniform(0.05, 0.2, (2, 1)) * note
        struck = rng.standard_normal((2, 6_000)) * np.exp(-np.arange(6_000) / rng.uniform(100, 900))
        late = start + int(rng.integers(0, 200))
        sound[:, late : late + 6_000] += rng.uniform(0.1, 0.5) * struck
    sound = np.tanh(rng.uniform(1.0, 3.0) * sound / np.abs(sound).max())
    return (sound * 10.0 ** ((PEAK_DBTP - read(sound)[1]) / 20.0)).astype(np.float32)


def read(audio: Any) -> tuple[float, float]:
    """(integrated loudness, true peak) as libebur128 reads them."""
    modes = pyebur128.MeasurementMode
    state = pyebur128.R128State(2, SAMPLE_RATE_HZ, modes.MODE_I | modes.MODE_TRUE_PEAK)
    samples = np.ascontiguousarray(audio.T, dtype=np.float32)
    state.add_frames(samples.ravel(), len(samples))
    peak = max(pyebur128.get_true_peak(state, channel) for channel in (0, 1))
    return pyebur128.get_loudness_global(state), 20.0 * float(np.log10(max(peak, _EMPTY)))


def spent_ms(deed: Callable[[], object], samples: int) -> float:
    """CPU milliseconds per 2 s of sound."""
    began = time.process_time()
    deed()
    return (time.process_time() - began) * 1000.0 * PIECE_SAMPLES / samples


def segments(form: str, audio: Audio) -> list[bytes]:
    """Every segment of a rendition, each made alone."""
    rendition, end = hls.RENDITIONS[form], audio.shape[1]
    return [
        encode_segment(rendition, lambda start, stop: audio[:, start:stop], index, end)
        for index in range(hls.count_ready(rendition, end, end))
    ]


def played(made: list[bytes], form: str) -> Audio:
    """What FFmpeg plays of them by HLS, from disk."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rendition = hls.RENDITIONS[form]
        (folder / "init.mp4").write_bytes(hls.init_segment(rendition))
        for index, data in enumerate(made):
            (folder / f"{index}.m4s").write_bytes(data)
        end = SECONDS * SAMPLE_RATE_HZ
        text = hls.media_play_list(rendition, reached=end, end=end)
        (folder / "index.m3u8").write_text(text)
        options = {"allowed_extensions": "ALL"}
        with av.open(str(folder / "index.m3u8"), options=options) as container:
            frames = [one.to_ndarray() for one in container.decode(audio=0)]
    if form == "aac":
        return np.concatenate(frames, axis=1)[:, :end]
    whole = np.concatenate([one.reshape(-1, 2) for one in frames])
    return codecs.from_int24(whole >> 8)[:, :end]


def long_encode(audio: Audio) -> Audio:
    """One encode of the whole by the same settings, decoded."""
    coder = coder_of_aac()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(audio), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, 0
    coded = [bytes(one) for one in (*coder.encode(frame), *coder.encode(None))]
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = hls.AAC_CONFIG
    sound = [one.to_ndarray() for data in coded for one in decoder.decode(av.Packet(data))]
    return np.concatenate(sound, axis=1)[:, FRAME : FRAME + audio.shape[1]]


def joins_db(ours: Audio, theirs: Audio) -> list[float]:
    """Around each join (a frame before, two behind): the difference against the sound."""
    found = []
    for join in range(hls.SEGMENT_SAMPLES, ours.shape[1] - 2 * FRAME, hls.SEGMENT_SAMPLES):
        around = slice(join - FRAME, join + 2 * FRAME)
        wrong = float(np.mean((ours[:, around] - theirs[:, around]) ** 2))
        power = float(np.mean(theirs[:, around] ** 2))
        found.append(max(-200.0, 10.0 * float(np.log10((wrong + 1e-30) / (power + _EMPTY)))))
    return found


def lag_of(back: Audio, audio: Audio) -> int:
    """Samples by which `back` is late, by correlation over four seconds."""
    middle = slice(6 * SAMPLE_RATE_HZ, 10 * SAMPLE_RATE_HZ)
    lags = list(range(-50, 51))
    matches = [
        float(back[0, middle.start + lag : middle.stop + lag] @ audio[0, middle]) for lag in lags
    ]
    return abs(lags[int(np.argmax(matches))])


def measure_streams(audio: Audio) -> dict[str, Any]:
    """Costs, joins and levels of both renditions of a piece."""
    found: dict[str, Any] = {}
    for form in hls.RENDITIONS:
        made: list[bytes] = []
        found[f"{form} ms"] = spent_ms(lambda f=form, m=made: m.extend(segments(f, audio)),
                                       audio.shape[1])  # fmt: skip
        found[f"{form} kbps"] = sum(map(len, made)) * 8 / SECONDS / 1000
        sound = played(made, form)
        found[f"{form} lag"] = lag_of(sound, audio)
        if form == "flac":
            exact = codecs.from_int24(codecs.to_int24(audio))
            found["flac differs"] = int(np.count_nonzero(sound != exact))
            continue
        found["joins"] = joins_db(sound, long_encode(audio))
        (level, _), (theirs, peak) = read(audio), read(sound)
        found["stream lu"], found["stream peak"] = abs(theirs - level), peak
    piece = audio[:, :PIECE_SAMPLES]
    found["piece ms"] = spent_ms(lambda: codecs.encode_flac(piece), PIECE_SAMPLES)
    return found


def measure_files(audio: Audio, folder: Path) -> dict[str, Any]:
    """Costs, positions and levels of every whole lossy file of a piece."""
    found: dict[str, Any] = {}
    level = read(audio)[0]
    done = finish(
        lambda: [audio], reached_lufs=level, folder=folder, name="v", tags=TAGS,
        formats=("flac", *CODERS),
    )  # fmt: skip
    for file in done.files[1:]:
        sound = np.concatenate(list(read_chunks(file.path)), axis=1)
        loudness, peak = read(sound)
        master = done.integrated_lufs or level
        found |= {
            f"{file.format} lag": lag_of(sound, audio),
            f"{file.format} off": abs(sound.shape[1] - audio.shape[1]),
            f"{file.format} lu": abs(loudness - master),
            f"{file.format} peak": peak,
            f"{file.format} lowered": file.lowered_db,
        }
    found["left out"] = len(CODERS) + 1 - len(done.files)
    for form in CODERS:
        path = folder / f"cost.{form}"
        found[f"{form} ms"] = spent_ms(
            lambda f=form, p=path: write_lossy(f, p, [audio], TAGS), audio.shape[1]
        )
    return found


def figures(count: int) -> list[Figure]:
    """Every figure over `count` pieces."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(count):
            audio = music(seed)
            rows.append(measure_streams(audio))
            rows[-1] |= {
                f"file {key}": value for key, value in measure_files(audio, Path(folder)).items()
            }
    return [*stream_figures(rows), *file_figures(rows)]


def _median(rows: list[dict[str, Any]], key: str) -> float:
    return round(statistics.median(row[key] for row in rows), 2)


def _worst(rows: list[dict[str, Any]], key: str) -> float:
    return round(float(max(row[key] for row in rows)), 3)


def stream_figures(rows: list[dict[str, Any]]) -> list[Figure]:
    """HLS and the pieces of our player."""
    joins = [one for row in rows for one in row["joins"]]
    equal = sum(one <= -200.0 for one in joins)
    note = f"{len(joins)} joins, {equal} of them bit for bit"
    return [
        Figure("stream", "FLAC piece", _median(rows, "piece ms"), "ms per 2 s"),
        Figure("stream", "FLAC segment", _median(rows, "flac ms"), "ms per 2 s"),
        Figure("stream", "AAC segment", _median(rows, "aac ms"), "ms per 2 s"),
        Figure("stream", "AAC rate", _median(rows, "aac kbps"), "kbit/s"),
        Figure("stream", "AAC joins, worst", round(max(joins), 1), "dB", -60.0, False, note),
        Figure("stream", "AAC position", _worst(rows, "aac lag"), "samples", 0.0, False),
        Figure("stream", "FLAC numbers that differ", _worst(rows, "flac differs"), "", 0.0, False),
        Figure("stream", "AAC loudness, worst", _worst(rows, "stream lu"), "LU"),
        Figure("stream", "AAC true peak, worst", _worst(rows, "stream peak"), "dBTP"),
    ]


def file_figures(rows: list[dict[str, Any]]) -> list[Figure]:
    """Whole lossy files."""
    found = [Figure("file", "left out", _worst(rows, "file left out"), "", 0.0, False)]
    for form in CODERS:
        key = f"file {form}"
        most = [max(0.0, row[f"{key} lu"]) for row in rows]
        lowered = f"lowered by {_worst(rows, f'{key} lowered')} dB at most"
        found += [
            Figure("file", form, _median(rows, f"{key} ms"), "ms per 2 s"),
            Figure("file", f"{form} position", _worst(rows, f"{key} lag"), "samples", 0.0, False),
            Figure("file", f"{form} length", _worst(rows, f"{key} off"), "samples", 0.0, False),
            Figure("file", f"{form} loudness", round(max(most), 3), "LU", 0.5, False, lowered),
            Figure("file", f"{form} true peak", _worst(rows, f"{key} peak"), "dBTP", -1.0, False),
        ]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--json", "--quick", "--check"):
        parser.add_argument(name, action="store_true")
    options = parser.parse_args()
    found = figures(QUICK if options.quick else PIECES)
    if options.json:
        print(json.dumps([one.plain() for one in found], indent=2))
    else:
        for one in found:
            print(f"{one.group:8}{one.name:28}{one.reached!s:>10} {one.unit:12}"
                  f"{one.verdict:8} {one.note}")  # fmt: skip
    return 1 if options.check and any(one.verdict == "MISSED" for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
