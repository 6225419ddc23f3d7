"""Sound into files and back: 24-bit FLAC segments, whole FLAC and MP3, with container tags.

Knows bytes, not rows or addresses. Invariant: sample k of what went in is sample k of what comes
out of the decoder; FLAC gives back the very 24-bit numbers.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soundfile

from generation.engine.kernels import Audio
from generation.recipe import SAMPLE_RATE_HZ

MP3_BITS_PER_S = 256_000
_FULL = 8_388_608.0
_PIECE = 65_536


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


def write_mp3(path: Path, chunks: Iterable[Audio], tags: Tags) -> int:
    """A whole MP3 file, constant rate, with the gapless header; returns its length in samples."""
    frames = 0
    with av.open(str(path), "w", format="mp3", options={"id3v2_version": "3"}) as container:
        container.metadata.update(
            {"title": tags.title, "artist": tags.artist, "comment": tags.comment}
        )
        if tags.date:
            container.metadata["date"] = tags.date
        stream = container.add_stream("libmp3lame", rate=SAMPLE_RATE_HZ, layout="stereo")
        stream.bit_rate = MP3_BITS_PER_S
        for chunk in chunks:
            for lo in range(0, chunk.shape[1], _PIECE):
                part = np.ascontiguousarray(chunk[:, lo : lo + _PIECE])
                frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
                frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, frames
                container.mux(stream.encode(frame))
                frames += part.shape[1]
        container.mux(stream.encode(None))
    return frames


def read_chunks(path: Path) -> Iterator[Audio]:
    """The samples of an audio file as a player hears them, in chunks float32 [2, n].

    Encoder delay and padding named in the container are left out.
    """
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE_HZ)
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                yield np.ascontiguousarray(part.to_ndarray().astype(np.float32))


def read_tags(path: Path) -> dict[str, str]:
    """The container's tags, keys in lower case."""
    with av.open(str(path)) as container:
        found = {**container.metadata, **container.streams.audio[0].metadata}
        return {key.lower(): value for key, value in found.items()}
