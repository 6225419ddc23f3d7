"""What librosa hears in the same sound, and what that costs beside our own analysis.

librosa lives in .venv-peers alone; where it is missing nothing is measured. Both get the decoded
mix at 48 kHz. librosa brings it to 22,050 Hz, as its `load` does, or takes the 48 kHz as they are,
as we do; then it runs `beat_track` and a chroma. Ours is one listening and all that is made of it:
onsets, role, tempo, beats, bars, key, parts. Invariant: both are warm and take turns in one process
on one thread; only CPU seconds count.
"""

import importlib.util
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from generation.analysis.hearing import hear_alone, hear_together
from generation.analysis.keys import key_of
from generation.analysis.listening import listen
from generation.analysis.measure import measure_recording, measure_stem
from generation.analysis.pitch import PITCH_FRAMES_PER_S, Steady
from generation.analysis.spectrum import RATE_HZ

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
PEER_HZ, PEER_HOP = 22_050, 512
OURS, WHOLE = "ours", "ours with levels"
STFT, CQT = "beat_track + chroma_stft at 22 kHz", "beat_track + chroma_cqt at 22 kHz"
NATIVE_STFT = "beat_track + chroma_stft at the file's 48 kHz"
NATIVE_CQT = "beat_track + chroma_cqt at the file's 48 kHz"
# Held at the rate librosa loads files at, as its users call it; the other readings are told.
TO_REACH = {CQT: 20.0}


def is_there() -> bool:
    """True where librosa can be imported."""
    return importlib.util.find_spec("librosa") is not None


def heard_in(sound: F32) -> tuple[float, str | None, list[int]]:
    """(tempo, key by its chroma_cqt and our rule, beats in samples) as librosa hears [2, n]."""
    import librosa

    slow = _loaded(sound)
    bpm, frames = librosa.beat.beat_track(y=slow, sr=PEER_HZ, hop_length=PEER_HOP)
    chroma = librosa.feature.chroma_cqt(y=slow, sr=PEER_HZ, hop_length=PEER_HOP).T
    beats = [round(float(frame) * PEER_HOP * RATE_HZ / PEER_HZ) for frame in frames]
    key = key_of([_steady(np.asarray(chroma, np.float64))])
    return float(np.squeeze(bpm)), None if key is None else key.name, beats


def _loaded(sound: F32) -> F32:
    """What librosa.load makes of a 48 kHz file by default: mono at 22,050 Hz."""
    import librosa

    return np.asarray(librosa.resample(sound.mean(axis=0), orig_sr=RATE_HZ, target_sr=PEER_HZ))


def _steady(chroma: F64) -> Steady:
    """A chroma at librosa's frames as our rule of keys takes it."""
    step = PEER_HZ / PEER_HOP / PITCH_FRAMES_PER_S
    starts = np.arange(0.0, len(chroma), step).astype(int)
    heard, bass = np.add.reduceat(chroma, starts, axis=0), np.zeros((starts.size, 12))
    return Steady(heard, bass, 1.0, 1.0, np.concatenate([heard, bass], axis=1))


def paired(sound: F32, rounds: int = 5) -> dict[str, float]:
    """Median CPU seconds of everybody over `rounds`, taken in turns after a first one that only
    warms up."""
    ways = {
        OURS: partial(_ours, sound),
        WHOLE: partial(_whole, sound),
        STFT: partial(_peer, sound, "chroma_stft", PEER_HZ),
        CQT: partial(_peer, sound, "chroma_cqt", PEER_HZ),
        NATIVE_STFT: partial(_peer, sound, "chroma_stft", RATE_HZ),
        NATIVE_CQT: partial(_peer, sound, "chroma_cqt", RATE_HZ),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            spent = _cpu_s(way)
            if turn:
                taken[name].append(spent)
    return {name: median(times) for name, times in taken.items()}


def _cpu_s(way: Callable[[], object]) -> float:
    start = time.process_time()
    way()
    return time.process_time() - start


def _ours(sound: F32) -> None:
    heard = listen(sound)
    alone = hear_alone(heard, [(0, sound.shape[1])])
    hear_together([heard], [alone.role])


def _whole(sound: F32) -> None:
    measure_recording([sound], [measure_stem(sound)])


def _peer(sound: F32, chroma: str, rate_hz: int) -> None:
    import librosa

    mono = _loaded(sound) if rate_hz == PEER_HZ else sound.mean(axis=0)
    librosa.beat.beat_track(y=mono, sr=rate_hz)
    getattr(librosa.feature, chroma)(y=mono, sr=rate_hz)


def ratios(pairs: Sequence[dict[str, float]]) -> dict[str, dict[str, Any]]:
    """librosa's CPU seconds over all files for each of ours."""
    out: dict[str, dict[str, Any]] = {}
    for name in (STFT, CQT, NATIVE_STFT, NATIVE_CQT):
        out[f"CPU, {name}"] = _ratio(pairs, name, OURS, TO_REACH.get(name))
    out[f"CPU, {CQT}, ours with all levels"] = _ratio(pairs, CQT, WHOLE, None)
    return out


def _ratio(
    pairs: Sequence[dict[str, float]], peer: str, own: str, wanted: float | None
) -> dict[str, Any]:
    ours = sum(one[own] for one in pairs)
    reached = round(sum(one[peer] for one in pairs) / ours, 1) if ours else None
    return {"reached": reached, "wanted": wanted, "of": len(pairs)}
