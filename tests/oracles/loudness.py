"""libebur128 reads finished files: every FLAC that a test makes lies where its record says."""

import io
import math

import pyebur128
import soundfile

WITHIN_LU = 0.3
HIGHEST_DBTP = -1.0


def read(flac: bytes) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP, as libebur128 reads the decoded file."""
    sound, rate = soundfile.read(io.BytesIO(flac), always_2d=True)
    modes = pyebur128.MeasurementMode
    state = pyebur128.R128State(sound.shape[1], rate, modes.MODE_I | modes.MODE_TRUE_PEAK)
    state.add_frames(sound.reshape(-1), len(sound))
    peak = max(pyebur128.get_true_peak(state, channel) for channel in range(sound.shape[1]))
    return pyebur128.get_loudness_global(state), 20 * math.log10(max(peak, 1e-9))


def assert_holds(flac: bytes, reached_lufs: float) -> None:
    """The file lies within 0.3 LU of what was reached and never above -1.0 dBTP."""
    loudness, peak = read(flac)
    assert abs(loudness - reached_lufs) <= WITHIN_LU, (loudness, reached_lufs)
    assert peak <= HIGHEST_DBTP, peak
