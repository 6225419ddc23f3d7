"""Songs that were never played: measured values written by hand, for tests of the composer."""

from generation.analysis.values import Part, RecordingAnalysis, StemAnalysis
from generation.compose.values import Song, SongStem

RATE = 48_000
ROLES = ("drums", "bass", "keys", "pad", "vocals")
_LOUD = {"drums": -16.0, "bass": -18.0, "keys": -20.0, "pad": -23.0, "vocals": -17.0}


def stem(digest, role, length, **changes):
    chroma = (1 / 12,) * 12 if role == "drums" else (0.4, 0, 0.1, 0, 0.2, 0, 0, 0.3, 0, 0, 0, 0)
    values = dict(
        length=length,
        role=role,
        role_confidence=0.9,
        loudness_lufs=_LOUD.get(role, -20.0),
        true_peak_dbtp=-3.0,
        tempo_bpm=None,
        tempo_confidence=0.0,
        key=None,
        key_confidence=0.0,
        centroid_hz=1_000.0,
        onsets=tuple(range(0, length, RATE // 4)) if role == "drums" else (),
        onset_db=(12.0,) * len(range(0, length, RATE // 4)) if role == "drums" else (),
        chroma=chroma,
        peaks=((-90, 90),),
        active=((0, length),),
    )
    return SongStem(digest, f"{role}.wav", StemAnalysis(**(values | changes)))


def song(name="a", *, roles=ROLES, bpm=120.0, key="A min", bars=32, per_bar=4, drift=0.0):
    """A song of whole bars; `drift` bends its beats by up to so many samples."""
    beat = 60.0 / bpm * RATE
    beats = tuple(
        round(n * beat + drift * (n % 32) * (32 - n % 32) / 256) for n in range(bars * per_bar + 1)
    )
    length = beats[-1]
    stems = tuple(stem(f"{name}{n}".ljust(64, "0"), role, length) for n, role in enumerate(roles))
    powers = [10 ** ((s.analysis.loudness_lufs + 0.691) / 10) for s in stems]
    gram = tuple(
        tuple(p if i == j else 0.0 for j in range(len(powers))) for i, p in enumerate(powers)
    )
    parts = tuple(
        Part("AB"[n % 2], n * 8, 8, 0.3 if n % 2 == 0 else 0.9) for n in range(max(1, bars // 8))
    )
    analysis = RecordingAnalysis(
        length=length,
        tempo_bpm=bpm,
        tempo_confidence=0.95,
        beats=beats,
        downbeats=beats[::per_bar],
        beats_per_bar=per_bar,
        key=key,
        key_confidence=0.9,
        parts=parts,
        gram=(gram,) * (-(-length // RATE)),
        gram_span=RATE,
    )
    return Song(stems, analysis)


def free_song(name="f", *, roles=("vocals", "other"), seconds=20.0):
    """A song without a tempo and without a key."""
    length = round(seconds * RATE)
    stems = tuple(stem(f"{name}{n}".ljust(64, "0"), role, length) for n, role in enumerate(roles))
    analysis = RecordingAnalysis(length, None, 0.1, (), (), 4, None, 0.1, (), (), 0)
    return Song(stems, analysis)
