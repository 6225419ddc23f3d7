"""Sound files for the tests: by libsndfile, by FFmpeg and by hand, never by the code under test."""

import io
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

RATE_HZ = 48_000


def tone(seconds: float = 0.5, rate: int = RATE_HZ, channels: int = 2, level: float = 0.5):
    """A chirp with a click at its middle, float64 [n, channels]."""
    t = np.arange(round(seconds * rate)) / rate
    line = level * np.sin(2 * np.pi * (300.0 + 400.0 * t) * t)
    line[len(line) // 2] += 0.3 * level
    return np.stack([line * (1.0 - 0.2 * side) for side in range(channels)], axis=1)


def write(path: Path, sound, rate: int = RATE_HZ, **how) -> Path:
    """By libsndfile; `how`: format, subtype, endian."""
    soundfile.write(path, sound, rate, **how)
    return path


def encode(path: Path, sound, codec: str, form: str, rate: int = RATE_HZ) -> Path:
    """By FFmpeg through PyAV."""
    if codec == "libvorbis":
        return write(path, sound, rate, format="OGG", subtype="VORBIS")
    layout = "stereo" if sound.shape[1] == 2 else "mono"
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        stream.bit_rate = 192_000
        data = np.ascontiguousarray(sound.T.astype(np.float32))
        frame = av.AudioFrame.from_ndarray(data, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        wanted = stream.codec_context.format.name if stream.codec_context.format else "fltp"
        resampler = av.AudioResampler(format=wanted, layout=layout, rate=rate, frame_size=1024)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def wav(data: bytes, *, size: int | None = None, riff: int | None = None, **form: int) -> bytes:
    """A WAV by hand: `size`, `riff` as its header claims; form: tag, channels, rate, bits."""
    tag, channels = form.get("tag", 1), form.get("channels", 2)
    rate, bits = form.get("rate", RATE_HZ), form.get("bits", 16)
    align = form.get("align", channels * bits // 8)
    fmt = struct.pack(
        "<HHIIHH", tag, channels, rate, form.get("per_second", rate * align), align, bits
    )
    head = b"fmt " + struct.pack("<I", len(fmt)) + fmt
    head += b"data" + struct.pack("<I", len(data) if size is None else size)
    whole = 4 + len(head) + len(data) if riff is None else riff
    return b"RIFF" + struct.pack("<I", whole) + b"WAVE" + head + data


def pcm16(sound) -> bytes:
    return np.rint(sound * 32_767).astype("<i2").tobytes()


def flac_bytes(sound, rate: int = RATE_HZ) -> bytearray:
    out = io.BytesIO()
    soundfile.write(out, sound, rate, format="FLAC", subtype="PCM_16")
    return bytearray(out.getvalue())
