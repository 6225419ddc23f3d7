"""HTTP Live Streaming: a grid of segments, and play lists that name them, with an end or without.

Play lists by RFC 8216. Standard library only: it knows lengths and names, no sound, no addresses
outside a play list's folder and nothing of who listens. Invariant: segment n of every rendition is
the same span of the sound, whole frames of every codec long, and its length is said exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.engine import fmp4
from generation.recipe import SAMPLE_RATE_HZ

AAC_FRAME = 1_024
FLAC_FRAME = 4_096
SEGMENT_SAMPLES = 96 * AAC_FRAME
RUN_IN = 6 * AAC_FRAME
LONG_RUN_IN = 96 * AAC_FRAME
LOOK_AHEAD = 2 * AAC_FRAME
CONTENT_TYPE = "application/vnd.apple.mpegurl"
SEGMENT_TYPE = "audio/mp4"
# AudioSpecificConfig: AAC-LC, 48 kHz, two channels, frames of 1,024 samples.
AAC_CONFIG = b"\x11\x90"


@dataclass(frozen=True, slots=True)
class Rendition:
    """One codec's form of a sound.

    `priming`: samples the coder puts before the sound. `before` and `behind`: samples around a
    segment that its coder has to hear. `peak_bits_per_s`: no segment is larger.
    """

    form: str
    codecs: str
    entry: bytes
    priming: int
    before: int
    behind: int
    peak_bits_per_s: int


RENDITIONS: dict[str, Rendition] = {
    "aac": Rendition(
        "aac", "mp4a.40.2", fmp4.aac_entry(AAC_CONFIG, 256_000, SAMPLE_RATE_HZ),
        AAC_FRAME, LONG_RUN_IN, LOOK_AHEAD, 400_000,
    ),
    "flac": Rendition(
        "flac", "fLaC", fmp4.flac_entry(FLAC_FRAME, SAMPLE_RATE_HZ, 24), 0, 0, 0, 2_400_000
    ),
}  # fmt: skip


def init_segment(rendition: Rendition) -> bytes:
    """The part of a rendition that a player reads first; the same for every sound."""
    return fmp4.init_segment(rendition.entry, SAMPLE_RATE_HZ, rendition.priming)


def span_of(index: int, end: int) -> tuple[int, int]:
    """The samples [start, stop) of segment `index` of sound that ends at `end`.

    Raises IndexError when there is no such segment.
    """
    start = index * SEGMENT_SAMPLES
    if index < 0 or start >= end:
        raise IndexError(index)
    return start, min(start + SEGMENT_SAMPLES, end)


def heard_by(rendition: Rendition, index: int, end: int) -> tuple[int, int]:
    """The samples that have to be at hand to make segment `index`."""
    start, stop = span_of(index, end)
    return max(0, start - rendition.before), min(end, stop + rendition.behind)


def count_ready(rendition: Rendition, reached: int, end: int) -> int:
    """How many segments can be made when sound is at hand up to `reached` and will end at `end`."""
    if reached >= end:
        return -(-end // SEGMENT_SAMPLES)
    return max(0, reached - rendition.behind) // SEGMENT_SAMPLES


def decode_time(rendition: Rendition, index: int) -> int:
    """Where segment `index` begins in the coder's own time, in samples."""
    return index * SEGMENT_SAMPLES + (rendition.priming if index else 0)


def media_play_list(rendition: Rendition, *, reached: int, end: int) -> str:
    """The segments that can be fetched by now.

    It only grows (EXT-X-PLAYLIST-TYPE EVENT) and is closed when the last one is in it. Lengths are
    written to a microsecond and each is rounded with the error of those before it, so that their
    sum is never more than half a microsecond off.
    """
    count = count_ready(rendition, reached, end)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{-(-SEGMENT_SAMPLES // SAMPLE_RATE_HZ)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:EVENT",
        '#EXT-X-MAP:URI="init.mp4"',
    ]
    return _listed(lines, range(count), end, is_closed=reached >= end)


def live_play_list(segments: range, *, is_over: bool) -> str:
    """The newest segments of a sound without an end; those before them have slid out.

    RFC 8216, 6.2.2: no type, because segments leave it, and a first number that only rises. Clients
    begin three target durations before the end (6.3.3), so the shortest one that holds is said:
    lengths count as rounded to a second (4.3.3.1). Closed when nothing will follow.
    """
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{round(SEGMENT_SAMPLES / SAMPLE_RATE_HZ)}",
        f"#EXT-X-MEDIA-SEQUENCE:{segments.start}",
        '#EXT-X-MAP:URI="init.mp4"',
    ]
    return _listed(lines, segments, segments.stop * SEGMENT_SAMPLES, is_closed=is_over)


def _listed(lines: list[str], segments: range, end: int, *, is_closed: bool) -> str:
    for index in segments:
        start, stop = span_of(index, end)
        lines += [f"#EXTINF:{_seconds(start, stop)},", f"{index}.m4s"]
    if is_closed:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _seconds(start: int, stop: int) -> str:
    micros = _micros(stop) - _micros(start)
    return f"{micros // 1_000_000}.{micros % 1_000_000:06}"


def _micros(sample: int) -> int:
    return (sample * 2_000_000 + SAMPLE_RATE_HZ) // (2 * SAMPLE_RATE_HZ)


def master_play_list(renditions: Sequence[Rendition], beside: str = "") -> str:
    """The choice of codecs, in the order given; each has its folder, next to the list itself or to
    the address `beside`, which ends with a stroke.
    """
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for one in renditions:
        lines += [
            f'#EXT-X-STREAM-INF:BANDWIDTH={one.peak_bits_per_s},CODECS="{one.codecs}"',
            f"{beside}{one.form}/index.m3u8",
        ]
    return "\n".join(lines) + "\n"
