"""Which kind of audio file these bytes are; the name of the file is never asked.

Pure standard library, so that the web process may look at an upload's first bytes. Invariant: an
answer names the only demuxer that may open the file; no answer means that nothing may.
"""

import io
from typing import BinaryIO

KINDS = ("wav", "aiff", "flac", "mp3", "ogg", "m4a")
HEAD_BYTES = 65_536
_ID3_HEADER = 10
_M4A_BRANDS = (b"M4A ", b"M4B ", b"mp42", b"mp41", b"isom", b"iso2", b"iso5", b"iso6", b"dash")
_TEXT_STARTS = (
    (b"#EXTM3U", "a play list"),
    (b"[playlist]", "a play list"),
    (b"ffconcat", "a play list"),
    (b"<?xml", "an XML document"),
    (b"<html", "a web page"),
    (b"<!doctype", "a web page"),
    (b"#!", "a script"),
    (b"v=0", "a session description"),
)
_BITRATES = {
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def sniff(file: BinaryIO) -> str | None:
    """One of KINDS, or None when the bytes are none of them. Leaves `file` at its start."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    kind = _by_magic(head)
    if kind is None and head[:3] == b"ID3":
        file.seek(id3_length(head))
        rest = file.read(HEAD_BYTES)
        kind = "flac" if rest[:4] == b"fLaC" else _mp3(rest)
    elif kind is None:
        kind = _mp3(head)
    file.seek(0)
    return kind


def sniff_bytes(head: bytes) -> str | None:
    """`sniff` for the first bytes of a file; HEAD_BYTES suffice unless a large tag leads."""
    return sniff(io.BytesIO(head))


def describe(head: bytes) -> str:
    """What bytes that are no audio look like: "a play list", "a script", "text", and so on."""
    start = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for magic, words in _TEXT_STARTS:
        if start.startswith(magic.lower()):
            return words
    if start and all(byte >= 32 or byte in (9, 10, 13) for byte in start):
        return "text"
    return "an unknown format"


def _by_magic(head: bytes) -> str | None:
    form = head[8:12]
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and form == b"WAVE":
        return "wav"
    if head[:4] == b"FORM" and form in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"OggS":
        return "ogg"
    if head[4:8] == b"ftyp" and form in _M4A_BRANDS:
        return "m4a"
    return None


def id3_length(head: bytes) -> int:
    """Bytes of the ID3v2 tag that `head` starts with, header and footer included; 0 without one."""
    if len(head) < _ID3_HEADER or head[:3] != b"ID3":
        return 0
    if any(byte & 0x80 for byte in head[6:10]):
        return 0
    size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    return _ID3_HEADER + size + (_ID3_HEADER if head[5] & 0x10 else 0)


def mp3_frame(head: bytes) -> tuple[int, int] | None:
    """(bytes, samples) of the MPEG audio layer III frame whose header starts `head`, else None."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    rate_index, bitrate_index = head[2] >> 2 & 3, head[2] >> 4
    if layer != 1 or version == 1 or rate_index == 3 or bitrate_index in (0, 15):
        return None
    rate = _RATES[version][rate_index]
    bitrate = _BITRATES[version == 3][bitrate_index - 1] * 1000
    samples = 1152 if version == 3 else 576
    return samples // 8 * bitrate // rate + (head[2] >> 1 & 1), samples


def _mp3(head: bytes) -> str | None:
    """MP3 when three frames follow each other or fill what there is: text never passes."""
    at = len(head) - len(head.lstrip(b"\0"))
    found = 0
    while found < 3 and at < len(head):
        frame = mp3_frame(head[at : at + 4])
        if frame is None:
            return None
        at += frame[0]
        found += 1
    return "mp3" if found else None
