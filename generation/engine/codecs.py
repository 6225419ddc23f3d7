"""Sound into FLAC and any file back into sound: 24-bit segments, whole files, container tags.

Knows bytes, not rows or addresses; lossy files are written in `lossy`. Invariant: sample k of what
went in is sample k of what comes out of the decoder; FLAC gives back the very 24-bit numbers.
"""

import io
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import av.container
import numpy as np
import numpy.typing as npt
import soundfile

from generation.engine.kernels import Audio
from generation.recipe import SAMPLE_RATE_HZ

_FULL = 8_388_608.0


@dataclass(frozen=True, slots=True)
class Tags:
    """What a file says about itself; `comment` names AI assistance and the record's address."""

    title: str
    artist: str
    comment: str
    date: str = ""


def tags_for(title: str, artist: str, record_url: str, date: str = "") -> Tags:
    """The tags every finished file carries."""
    text = "AI-assisted variation of human recordings, made with Stemma."
    return Tags(title, artist, f"{text} Sources, shares and licence: {record_url}", date)


def to_int24(audio: Audio) -> npt.NDArray[np.int32]:
    """Float [2, n] as 24-bit integers [n, 2], rounded half to even, clipped at full scale."""
    scaled = np.rint(audio.T.astype(np.float64) * _FULL)
    return np.clip(scaled, -_FULL, _FULL - 1).astype(np.int32)


def from_int24(pcm: npt.NDArray[np.int32]) -> Audio:
    """24-bit integers [n, 2] as float32 [2, n]; exact."""
    return np.ascontiguousarray((pcm.T / _FULL).astype(np.float32))


def encode_flac(audio: Audio) -> bytes:
    """One 24-bit FLAC segment of float32 [2, n] at 48 kHz."""
    stream = io.BytesIO()
    with _flac(stream, None) as file:
        file.write(to_int24(audio) << 8)
    return stream.getvalue()


def decode_flac(data: bytes) -> Audio:
    """The samples of a FLAC segment, float32 [2, n]."""
    pcm, _ = soundfile.read(io.BytesIO(data), dtype="int32", always_2d=True)
    return from_int24(pcm >> 8)


def write_flac(path: Path, chunks: Iterable[Audio], tags: Tags) -> int:
    """A whole 24-bit FLAC file; returns its length in samples."""
    frames = 0
    with open(path, "w+b") as stream, _flac(stream, tags) as file:
        for chunk in chunks:
            file.write(to_int24(chunk) << 8)
            frames += chunk.shape[1]
    return frames


def _flac(stream: io.BytesIO | io.BufferedRandom, tags: Tags | None) -> soundfile.SoundFile:
    file = soundfile.SoundFile(
        stream, "w", samplerate=SAMPLE_RATE_HZ, channels=2, format="FLAC", subtype="PCM_24",
        compression_level=0.5,
    )  # fmt: skip
    if tags is not None:
        file.title, file.artist, file.comment = tags.title, tags.artist, tags.comment
        if tags.date:
            file.date = tags.date
    return file


def read_pcm(path: Path, frames: int) -> Iterator[npt.NDArray[np.int32]]:
    """The 24-bit samples of a FLAC file as they are written, int32 [n, 2], `frames` at a time."""
    with soundfile.SoundFile(str(path)) as file:
        for block in file.blocks(blocksize=frames, dtype="int32", always_2d=True):
            yield block >> 8


def read_chunks(path: Path) -> Iterator[Audio]:
    """The samples of an audio file as a player hears them, in chunks float32 [2, n].

    Encoder delay and padding named in the container are left out. FFmpeg leaves out neither what
    lies behind the end of an edit list nor of a track, so MP4 is cut here at the track's length.
    """
    with av.open(str(path)) as container:
        left = _length_of(container)
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE_HZ)
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                sound = part.to_ndarray()[:, : max(0, left)].astype(np.float32)
                left -= sound.shape[1]
                yield np.ascontiguousarray(sound)


def _length_of(container: av.container.InputContainer) -> int:
    """Samples of the first sound track of an MP4 file, or more than there can be in others."""
    stream = container.streams.audio[0]
    if "mp4" not in container.format.name or not stream.duration or stream.time_base is None:
        return sys.maxsize
    return round(stream.duration * stream.time_base * SAMPLE_RATE_HZ)


def read_tags(path: Path) -> dict[str, str]:
    """The container's tags, keys in lower case."""
    with av.open(str(path)) as container:
        found = {**container.metadata, **container.streams.audio[0].metadata}
        return {key.lower(): value for key, value in found.items()}
