"""The engine's own chord, click and pitch figures, with what is to be reached.

Knows the listening tests and the engine's settings. Invariant: what is held to a reach is the
tonal setting (the largest window, which composing takes for sustained chords, basses and pads) and
drums by slices; the smaller windows, for quick or single lines, are told beside it and not held.
"""

from benchmarks.figures import Figure
from benchmarks.job import PERCUSSIVE, TONAL
from benchmarks.listening import MOVES, Attack, attack, chord, click_stem, engine, pitch

SNR_DB, SWING_DB = 40.0, 0.3
CLICK, PRE_ECHO = 0.97, 0.01
CENTS = 0.5
TONAL_WINDOW = 8_192
HOW = "worst of 112 to 124 bpm +2 semitones and 0.9 x speed -5"


def figures(processor: str = TONAL) -> list[Figure]:
    """All of them, for one tonal processor."""
    return [*_chords(processor), *_attacks(processor), *_pitch(processor)]


def _chords(processor: str) -> list[Figure]:
    found = []
    for window in (TONAL_WINDOW, 4_096, 2_048):
        heard = [chord(engine(processor, window), *move) for move in MOVES]
        is_held = window == TONAL_WINDOW
        name = f"window {window}, {processor}"
        found += [
            Figure(
                "sound", f"chord SNR over 16 s, {name}", min(one.snr_db for one in heard), "dB",
                SNR_DB if is_held else None, note=HOW,
            ),
            Figure(
                "sound", f"level swing beside the input's, {name}",
                max(one.swing_db for one in heard), "dB", SWING_DB if is_held else None, False,
            ),
        ]  # fmt: skip
    return found


def _attacks(processor: str) -> list[Figure]:
    slices = [_clicked(PERCUSSIVE, 4_096, speed) for speed, _ in MOVES]
    vocoder = [_clicked(processor, 2_048, speed) for speed, _ in MOVES]
    return [
        Figure(
            "sound", f"click energy within 1 ms, {PERCUSSIVE}", min(one.worst for one in slices),
            "", CLICK, note="the worst click at two speeds",
        ),
        Figure(
            "sound", f"pre-echo, {PERCUSSIVE}", max(one.pre_echo for one in slices), "", PRE_ECHO,
            False,
        ),
        Figure(
            "sound", f"click energy within 1 ms, {processor} 2048",
            min(one.mean for one in vocoder), note="mean; clicks belong to slices",
        ),
    ]  # fmt: skip


def _clicked(processor: str, window: int, speed: float) -> Attack:
    _, onsets = click_stem(8 * speed)
    return attack(engine(processor, window, onsets), speed)


def _pitch(processor: str) -> list[Figure]:
    errors = {window: pitch(engine(processor, window)) for window in (2_048, 4_096, 8_192)}
    return [
        Figure(
            "sound", f"pitch error over -11 to 11 semitones, {processor}", max(errors.values()),
            "cent", CENTS, False, "the worst of windows 2048, 4096, 8192",
        )
    ]  # fmt: skip
