"""Fragmented MP4 for one track of stereo sound: what describes it, and the parts with the sound.

Boxes by ISO/IEC 14496-12 and CMAF (ISO/IEC 23000-19); AAC by 14496-14, FLAC by Xiph's mapping.
Standard library only, so the web process may say what a track is without loading an encoder.
Invariant: equal arguments give equal bytes: no time of day, no name of a program.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

_UNITY = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_TRACK = 1
# Every sample can be decoded from where it stands: "depends on no others", not a non-sync sample.
_SYNC = 0x02000000
_DEFAULT_BASE_IS_MOOF = 0x020000
_HAS_FLAGS = 0x000020
_TRUN = 0x000001 | 0x000100 | 0x000200


@dataclass(frozen=True, slots=True)
class Frame:
    """One coded frame and how many samples of sound it stands for."""

    data: bytes
    duration: int


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box: 32-bit size, four letters, content."""
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def aac_entry(config: bytes, bits_per_s: int, rate: int) -> bytes:
    """The sample entry of stereo AAC; `config` is the AudioSpecificConfig (14496-3, 1.6.2.1)."""
    decoder = _descriptor(
        4, struct.pack(">BBBHII", 0x40, 0x15, 0, 6_144 // 4, bits_per_s, bits_per_s),
        _descriptor(5, config),
    )  # fmt: skip
    stream = _descriptor(3, struct.pack(">HB", 0, 0), decoder, _descriptor(6, b"\x02"))
    return _sound_entry(b"mp4a", 16, rate, full_box(b"esds", 0, 0, stream))


def flac_entry(block: int, rate: int, bits: int) -> bytes:
    """The sample entry of stereo FLAC in blocks of `block` samples (STREAMINFO: RFC 9639, 8.2)."""
    packed = rate << 44 | (2 - 1) << 41 | (bits - 1) << 36
    info = struct.pack(">HH6xQ16x", block, block, packed)
    last_of_kind_streaminfo = struct.pack(">I", 0x80 << 24 | len(info))
    return _sound_entry(b"fLaC", bits, rate, full_box(b"dfLa", 0, 0, last_of_kind_streaminfo, info))


def init_segment(entry: bytes, rate: int, priming: int) -> bytes:
    """What a player reads once. `priming`: samples the coder put before the sound, left out by an
    edit list whose end is open.
    """
    stbl = box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        *(full_box(name, 0, 0, bytes(4)) for name in (b"stts", b"stsc")),
        full_box(b"stsz", 0, 0, bytes(8)),
        full_box(b"stco", 0, 0, bytes(4)),
    )
    url = full_box(b"url ", 0, 1)
    media = box(
        b"mdia",
        full_box(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, rate, 0, 0x55C4, 0)),
        full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, b"soun"), b"sound\0"),
        box(
            b"minf",
            full_box(b"smhd", 0, 0, bytes(4)),
            box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), url)),
            stbl,
        ),
    )
    edits = box(b"edts", full_box(b"elst", 0, 0, struct.pack(">IIiHH", 1, 0, priming, 1, 0)))
    track = box(b"trak", _track_header(), *([edits] if priming else []), media)
    extends = box(b"mvex", full_box(b"trex", 0, 0, struct.pack(">5I", _TRACK, 1, 0, 0, _SYNC)))
    brands = b"iso6" + bytes(4) + b"iso6cmfcmp41"
    return box(b"ftyp", brands) + box(b"moov", _movie_header(rate), track, extends)


def media_segment(number: int, decode_time: int, frames: Sequence[Frame]) -> bytes:
    """Sound: frames that follow each other from `decode_time` samples on; `number` is from 1 on."""
    sizes = b"".join(struct.pack(">II", one.duration, len(one.data)) for one in frames)

    def moof(offset: int) -> bytes:
        return box(
            b"moof",
            full_box(b"mfhd", 0, 0, struct.pack(">I", number)),
            box(
                b"traf",
                full_box(
                    b"tfhd",
                    0,
                    _DEFAULT_BASE_IS_MOOF | _HAS_FLAGS,
                    struct.pack(">II", _TRACK, _SYNC),
                ),
                full_box(b"tfdt", 1, 0, struct.pack(">Q", decode_time)),
                full_box(b"trun", 0, _TRUN, struct.pack(">II", len(frames), offset), sizes),
            ),
        )

    behind = len(moof(0)) + 8
    styp = box(b"styp", b"msdh" + bytes(4) + b"msdhmsixcmfs")
    return styp + moof(behind) + box(b"mdat", *(one.data for one in frames))


def _movie_header(rate: int) -> bytes:
    times = struct.pack(">IIII", 0, 0, rate, 0)
    matrix = struct.pack(">9I", *_UNITY)
    return full_box(b"mvhd", 0, 0, times, struct.pack(">IH10x", 0x10000, 0x100), matrix,
                    bytes(24), struct.pack(">I", _TRACK + 1))  # fmt: skip


def _track_header() -> bytes:
    times = struct.pack(">IIIII", 0, 0, _TRACK, 0, 0)
    matrix = struct.pack(">9I", *_UNITY)
    return full_box(b"tkhd", 0, 3, times, struct.pack(">8xHHHH", 0, 0, 0x100, 0), matrix, bytes(8))


def _sound_entry(kind: bytes, bits: int, rate: int, config: bytes) -> bytes:
    return box(kind, struct.pack(">6xH8xHH4xI", 1, 2, bits, rate << 16), config)


def _descriptor(tag: int, *parts: bytes) -> bytes:
    """A descriptor of MPEG-4 systems (14496-1, 8.3.3), its size in one byte."""
    content = b"".join(parts)
    assert len(content) < 128
    return bytes((tag, len(content))) + content
