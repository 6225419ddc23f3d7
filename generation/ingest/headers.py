"""What a file's own headers promise, read without a decoder: the measure that decoding must meet.

It refuses to know sound. Invariant: a header that contradicts itself, or promises more bytes than
the file holds, raises Damaged with a sentence; a length that a stream may leave open is None.
Sources: RIFF/WAVE with EBU Tech 3306 (RF64), AIFF-C draft 1991, RFC 9639 (FLAC), RFC 3533 (Ogg).
"""

import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from generation.ingest.sniff import HEAD_BYTES, id3_length, mp3_frame

_STREAMING = 0xFFFF_FFFF
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_AIFC_CODINGS = (b"NONE", b"twos", b"sowt", b"in24", b"in32", b"fl32", b"FL32", b"fl64", b"FL64")
_AIFF_BYTES = {b"in24": 3, b"in32": 4, b"fl32": 4, b"FL32": 4, b"fl64": 8, b"FL64": 8}
_MP3_ENDS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3")
CUT = "The file is cut short: its header promises more sound than it holds."


class Damaged(ValueError):
    """The file cannot be trusted; `code` is stable, the message is one sentence for a person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Declared:
    """What the headers say. `frames` at `rate_hz`, None when left open, within `slack` of them.

    `md5`: of the native PCM (FLAC only). `padding`: the container says that encoder delay was
    removed.
    """

    frames: int | None
    slack: int = 0
    channels: int | None = None
    rate_hz: int | None = None
    md5: str | None = None
    padding: bool = False


def read(file: BinaryIO, kind: str) -> Declared:
    """What the headers of `file`, sniffed as `kind`, declare; raises Damaged."""
    readers: dict[str, Callable[[BinaryIO, int], Declared]] = {
        "wav": _wav,
        "aiff": _aiff,
        "flac": _flac,
        "mp3": _mp3,
        "ogg": _ogg,
        "m4a": _m4a,
    }
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    try:
        return readers[kind](file, size)
    except (struct.error, IndexError) as error:
        raise Damaged("damaged", "The file ends inside its own header.") from error


def _chunks(file: BinaryIO, size: int, order: str) -> Iterator[tuple[bytes, int, int]]:
    """(name, position of the body, declared size) of each RIFF or IFF chunk after the form type."""
    at = 12
    while at + 8 <= size:
        file.seek(at)
        name, length = struct.unpack(order + "4sI", file.read(8))
        yield name, at + 8, length
        at += 8 + length + (length & 1)


def _wav(file: BinaryIO, size: int) -> Declared:
    magic, riff_size = struct.unpack("<4sI", file.read(8))
    wide: int | None = None
    form: tuple[int, int, int, int] | None = None
    for name, body, length in _chunks(file, size, "<"):
        file.seek(body)
        if name == b"ds64":
            wide = int(struct.unpack("<QQ", file.read(16))[1])
        elif name == b"fmt ":
            form = _wav_format(file.read(min(length, 40)))
        elif name == b"data":
            if form is None:
                raise Damaged("damaged", "The WAV file has no format before its sound.")
            if length == _STREAMING and magic != b"RIFF" and wide is not None:
                length = wide
            open_end = length >= _STREAMING or (length == 0 and riff_size in (0, _STREAMING))
            return _wav_length(form, None if open_end else length, size - body)
    raise Damaged("damaged", "The WAV file has no sound in it.")


def _wav_format(body: bytes) -> tuple[int, int, int, int]:
    """(channels, rate, bytes per frame, format) of a fmt chunk that agrees with itself."""
    tag, channels, rate, per_second, align, bits = struct.unpack("<HHIIHH", body[:16])
    if tag == _EXTENSIBLE:
        tag = struct.unpack("<H", body[24:26])[0]
    if tag not in (_PCM, _FLOAT):
        raise Damaged("codec", "The WAV file is not plain PCM or float sound.")
    whole = align == channels * -(-bits // 8) and align > 0
    if not whole or per_second != rate * align:
        raise Damaged("header", "The WAV header contradicts itself.")
    return channels, rate, align, tag


def _wav_length(form: tuple[int, int, int, int], length: int | None, held: int) -> Declared:
    channels, rate, align, _ = form
    if length is None:
        return Declared(frames=held // align, channels=channels, rate_hz=rate)
    if length > held:
        raise Damaged("truncated", CUT)
    if length % align:
        raise Damaged("header", "The WAV header promises a broken number of samples.")
    return Declared(frames=length // align, channels=channels, rate_hz=rate)


def _extended(raw: bytes) -> int:
    """The whole number in an 80-bit extended float (IEEE 754), 0 when it is out of range."""
    exponent, mantissa = struct.unpack(">HQ", raw)
    shift = 16383 + 63 - (exponent & 0x7FFF)
    return mantissa >> shift if 0 <= shift < 64 else 0


def _aiff(file: BinaryIO, size: int) -> Declared:
    file.seek(8)
    is_aifc = file.read(4) == b"AIFC"
    frames = channels = rate = per_sample = -1
    held = -1
    for name, body, length in _chunks(file, size, ">"):
        file.seek(body)
        if name == b"COMM":
            raw = file.read(22)
            channels, frames, bits = struct.unpack(">HIH", raw[:8])
            rate, coding = _extended(raw[8:18]), raw[18:22] if is_aifc else b"NONE"
            if coding not in _AIFC_CODINGS:
                raise Damaged("codec", "The AIFF file is not plain PCM or float sound.")
            per_sample = _AIFF_BYTES.get(coding, -(-bits // 8))
        elif name == b"SSND":
            if body + length > size:
                raise Damaged("truncated", CUT)
            held = length - 8 - int(struct.unpack(">I", file.read(4))[0])
    if frames < 0 or (held < 0 and frames > 0):
        raise Damaged("damaged", "The AIFF file has no sound in it.")
    if frames * channels * per_sample > max(held, 0):
        raise Damaged("truncated", CUT)
    return Declared(frames=frames, channels=channels, rate_hz=rate)


def _flac(file: BinaryIO, size: int) -> Declared:
    start = id3_length(file.read(10))
    file.seek(start)
    head = file.read(42)
    if head[4] & 0x7F != 0 or len(head) < 42:
        raise Damaged("header", "The FLAC file does not begin with its stream information.")
    packed = int.from_bytes(head[18:26], "big")
    md5 = head[26:42].hex()
    return Declared(
        frames=packed & 0xF_FFFF_FFFF or None,
        channels=(packed >> 41 & 7) + 1,
        rate_hz=packed >> 44,
        md5=md5 if md5.strip("0") else None,
    )


def _mp3(file: BinaryIO, size: int) -> Declared:
    at = id3_length(file.read(10))
    file.seek(at)
    head = file.read(HEAD_BYTES)
    at += len(head) - len(head.lstrip(b"\0"))
    file.seek(at)
    first = file.read(512)
    promised, delay, padding = _xing(first)
    count, samples = 0, 1152
    while at < size:
        file.seek(at)
        start = file.read(16)
        frame = mp3_frame(start)
        if frame is None:
            if start.startswith(_MP3_ENDS) or not start.strip(b"\0") or size - at < 128:
                break
            raise Damaged("damaged", "The MP3 file is damaged in the middle.")
        if at + frame[0] > size:
            raise Damaged("truncated", "The file is cut short inside its last MP3 frame.")
        at, samples, count = at + frame[0], frame[1], count + 1
    if promised is not None and count - 1 < promised:
        raise Damaged("truncated", CUT)
    frames = (promised if promised is not None else count) * samples - delay - padding
    return Declared(frames=max(frames, 0), slack=2 * samples, padding=delay > 0)


def _xing(first: bytes) -> tuple[int | None, int, int]:
    """(frames promised, encoder delay, end padding) from a Xing or Info header, LAME's tag
    included.
    """
    at = max(first.find(b"Xing", 0, 64), first.find(b"Info", 0, 64))
    if at < 0:
        return None, 0, 0
    flags, at = struct.unpack(">I", first[at + 4 : at + 8])[0], at + 8
    promised = None
    if flags & 1:
        promised, at = struct.unpack(">I", first[at : at + 4])[0], at + 4
    at += (4 if flags & 2 else 0) + (100 if flags & 4 else 0) + (4 if flags & 8 else 0)
    lame = first[at : at + 24]
    if lame[:4] not in (b"LAME", b"Lavf", b"Lavc"):
        return promised, 0, 0
    return promised, lame[21] << 4 | lame[22] >> 4, (lame[22] & 15) << 8 | lame[23]


def _ogg(file: BinaryIO, size: int) -> Declared:
    serial, codec = -1, b""
    at, granule, has_end, pages = 0, 0, False, 0
    while at < size:
        file.seek(at)
        head = file.read(27)
        if head[:4] != b"OggS":
            raise Damaged("damaged", "The Ogg file is damaged in the middle.")
        flags, position, page_serial = struct.unpack("<xxxxxBqI", head[:18])
        table = file.read(head[26])
        body = at + 27 + len(table)
        if body + sum(table) > size or len(table) < head[26]:
            raise Damaged("truncated", "The file is cut short inside its last Ogg page.")
        if flags & 2:
            if pages:
                raise Damaged("several_streams", "The Ogg file holds more than one stream.")
            serial, codec = page_serial, file.read(min(sum(table), 64))
        if page_serial != serial:
            raise Damaged("several_streams", "The Ogg file holds more than one stream.")
        granule = position if position > 0 else granule
        has_end, pages, at = bool(flags & 4), pages + 1, body + sum(table)
    if not has_end:
        raise Damaged(
            "truncated", "The file is cut short: the last page of the Ogg stream is missing."
        )
    return _ogg_codec(codec, granule)


def _ogg_codec(codec: bytes, granule: int) -> Declared:
    if codec[:7] == b"\x01vorbis":
        rate = int(struct.unpack("<I", codec[12:16])[0])
        return Declared(frames=granule, slack=rate // 10, channels=codec[11], rate_hz=rate)
    if codec[:8] == b"OpusHead":
        skip = int(struct.unpack("<H", codec[10:12])[0])
        return Declared(max(granule - skip, 0), 4_800, codec[9], 48_000, None, skip > 0)
    if codec[:5] == b"\x7fFLAC":
        return Declared(frames=granule or None)
    raise Damaged("codec", "The Ogg file holds neither Vorbis, Opus nor FLAC.")


def _m4a(file: BinaryIO, size: int) -> Declared:
    at, names = 0, set()
    while at + 8 <= size:
        file.seek(at)
        length, name = struct.unpack(">I4s", file.read(8))
        if length == 1:
            length = int(struct.unpack(">Q", file.read(8))[0])
        length = size - at if length == 0 else length
        if length < 8:
            raise Damaged("header", "The M4A file has a box without a size.")
        if at + length > size:
            raise Damaged("truncated", CUT)
        names.add(name)
        at += length
    if at != size or b"moov" not in names:
        raise Damaged("truncated", "The file is cut short: the index of the M4A file is missing.")
    return Declared(frames=None)
