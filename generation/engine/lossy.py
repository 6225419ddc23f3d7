"""Whole lossy files: MP3, AAC in M4A and Opus in Ogg, with tags, as players without HLS take them.

Knows bytes and paths, not loudness: `master` decides at what level a file is written. Invariant:
each container says how much its coder put before and behind the sound, so that a player that reads
it hears sample k at sample k.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

from generation.engine.codecs import Tags
from generation.engine.kernels import Audio
from generation.recipe import SAMPLE_RATE_HZ

Packet: TypeAlias = "av.Packet[AudioStream]"

MP3_BITS_PER_S = 256_000
AAC_BITS_PER_S = 256_000
OPUS_BITS_PER_S = 192_000
_PIECE = 65_536
# Packets that may reach behind the end of the sound fed so far.
_BEHIND = 3
_MP3_FRAME = 1_152


@dataclass(frozen=True, slots=True)
class Coder:
    """How one format is written: FFmpeg's container and encoder, its rate and sample format."""

    container: str
    encoder: str
    bits_per_s: int
    samples: str
    muxing: Mapping[str, str] = field(default_factory=dict)
    coding: Mapping[str, str] = field(default_factory=dict)


# The slower coder of AAC: a file is made once and kept, and the fast one drops loud high tones.
CODERS: dict[str, Coder] = {
    "mp3": Coder("mp3", "libmp3lame", MP3_BITS_PER_S, "fltp", {"id3v2_version": "3"}),
    "m4a": Coder(
        "ipod", "aac", AAC_BITS_PER_S, "fltp",
        {"movflags": "+faststart", "movie_timescale": str(SAMPLE_RATE_HZ)},
        {"aac_coder": "twoloop", "cutoff": "20000"},
    ),
    "opus": Coder("ogg", "libopus", OPUS_BITS_PER_S, "flt", {}, {"application": "audio"}),
}  # fmt: skip


def write_lossy(form: str, path: Path, chunks: Iterable[Audio], tags: Tags) -> int:
    """A whole file of one of the formats in CODERS; returns its length in samples.

    MP3 carries LAME's header (delay and padding), M4A an edit list (ISO/IEC 14496-12, 8.6.6), Opus
    its pre-skip and the granule position of its end (RFC 7845, 4).
    """
    coder = CODERS[form]
    with av.open(str(path), "w", format=coder.container, options=dict(coder.muxing)) as container:
        stream = _stream(container, coder, tags)
        frames = 0
        held: list[Packet] = []
        for frame in _frames(chunks, coder.samples):
            frames += frame.samples
            held += stream.encode(frame)
            container.mux(held[:-_BEHIND])
            held = held[-_BEHIND:]
        held += stream.encode(None)
        container.mux(_cut(held, frames) if form == "m4a" else held)
    if form == "mp3":
        _say_padding(path, frames)
    return frames


def _stream(container: OutputContainer, coder: Coder, tags: Tags) -> AudioStream:
    options = dict(coder.coding)
    stream = cast(
        AudioStream,
        container.add_stream(coder.encoder, SAMPLE_RATE_HZ, options, layout="stereo"),
    )
    stream.bit_rate = coder.bits_per_s
    stream.codec_context.format = av.AudioFormat(coder.samples)
    for holder in (container, stream):
        holder.metadata.update(_named(tags))
    return stream


def _named(tags: Tags) -> dict[str, str]:
    named = {"title": tags.title, "artist": tags.artist, "comment": tags.comment}
    return named | ({"date": tags.date} if tags.date else {})


def _frames(chunks: Iterable[Audio], samples: str) -> Iterator[av.AudioFrame]:
    position = 0
    for chunk in chunks:
        for lo in range(0, chunk.shape[1], _PIECE):
            part = chunk[:, lo : lo + _PIECE]
            rows = part if samples == "fltp" else part.T.reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(rows), format=samples, layout="stereo"
            )
            frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, position
            position += part.shape[1]
            yield frame


def _cut(packets: list[Packet], end: int) -> list[Packet]:
    """The packets, none of which claims to sound behind sample `end`; positions are in samples.

    FFmpeg's MP4 writer takes the track's length from them; the others count the padding themselves.
    """
    for packet in packets:
        start, length = packet.pts, packet.duration
        if start is not None and length is not None and start < end < start + length:
            packet.duration = end - start
    return packets


def _say_padding(path: Path, frames: int) -> None:
    """Write the true padding into LAME's header.

    FFmpeg counts that of the last packet alone; where the coder ended in a packet of nothing but
    padding, up to 39 samples of it would sound. The header lies in the first frame behind the ID3
    tags (whose size is 4 times 7 bits); its checksum (CRC-16, polynomial 0x8005 reflected) covers
    190 bytes of that frame.
    """
    with path.open("r+b") as file:
        size = file.read(10)[6:]
        first = 10 + sum(byte << 7 * place for place, byte in enumerate(reversed(size)))
        file.seek(first)
        tag = bytearray(file.read(192))
        count = int.from_bytes(tag[44:48], "big")
        delay = int.from_bytes(tag[177:180], "big") >> 12
        padding = count * _MP3_FRAME - delay - frames
        tag[177:180] = (delay << 12 | padding).to_bytes(3, "big")
        tag[190:192] = _crc16(tag[:190]).to_bytes(2, "big")
        file.seek(first)
        file.write(tag)


def _crc16(data: bytes | bytearray) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
