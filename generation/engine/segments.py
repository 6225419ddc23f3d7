"""One HLS segment from samples alone: AAC with a run-in that is dropped, FLAC on its own grid.

It knows samples, not where they come from. Invariant: whoever makes a segment, in whatever order,
gets the frames of one long encode at its joins: a decoder hears no seam.
"""

from collections.abc import Callable, Iterator

import av
import numpy as np
from av.codec.context import Flags

from generation.engine import hls
from generation.engine.codecs import to_int24
from generation.engine.fmp4 import Frame, media_segment
from generation.engine.hls import AAC_FRAME, FLAC_FRAME, SEGMENT_SAMPLES, Rendition
from generation.engine.kernels import Audio
from generation.recipe import SAMPLE_RATE_HZ

# Constant quality, because a rate control carries the whole past from frame to frame (FFmpeg's
# lambda: this number times 118). Noise and intensity substitution keep energies, not waveforms.
AAC_QUALITY = 1.6
_LAMBDA = 118
_OPTIONS = {
    "aac_coder": "fast",
    "aac_pns": "0",
    "aac_is": "0",
    "cutoff": "20000",
    "global_quality": str(round(AAC_QUALITY * _LAMBDA)),
}
# Frames behind a join in which an attack would still be heard in it, and those at the start of an
# encoder in which it takes the beginning itself for an attack.
_JOIN = 4
_FALSE_START = 3
_SHORT = 2

Samples = Callable[[int, int], Audio]


def encode_segment(rendition: Rendition, samples: Samples, index: int, end: int) -> bytes:
    """The media segment `index` of sound that ends at sample `end`.

    `samples(start, stop)` gives float32 [2, stop - start] inside [0, end); what it is asked for
    lies in `hls.heard_by`. Raises IndexError when there is no such segment.
    """
    start, stop = hls.span_of(index, end)
    frames = (
        _aac(samples, start, stop, end) if rendition.form == "aac" else _flac(samples(start, stop))
    )
    return media_segment(index + 1, hls.decode_time(rendition, index), frames)


def _aac(samples: Samples, start: int, stop: int, end: int) -> list[Frame]:
    """The frames whose decoding gives [start, stop); the first segment has the priming as well.

    Frame number g of a long encode completes the sound of [g - 1, g) frames. The encoder starts 6
    frames early: it takes its own beginning for an attack, and has its memory right 3 frames later,
    but for one thing: thresholds of a frame of short windows (an attack) follow those of the last
    such frame. So where an attack lies near the join, the run-in reaches over the attacks before.
    """
    frames = -(-stop // AAC_FRAME) - start // AAC_FRAME
    for run_in in (min(start, hls.RUN_IN), min(start, hls.LONG_RUN_IN)):
        coded = _coded_aac(samples, start - run_in, stop, end)
        skipped = run_in // AAC_FRAME + 1 if start else 0
        kept: list[bytes] = []
        attack = False
        for number, data in enumerate(coded):
            attack = attack or (_FALSE_START <= number < skipped + _JOIN and _is_short(data))
            if attack and run_in == hls.RUN_IN:
                break
            if number >= skipped:
                kept.append(data)
            if len(kept) == frames + (start == 0):
                return _timed(kept, start, stop)
    raise AssertionError("The encoder gave fewer frames than went in.")


def _timed(kept: list[bytes], start: int, stop: int) -> list[Frame]:
    """Every frame lasts 1,024 samples; the last of a variation ends with it."""
    last = (stop - 1) % AAC_FRAME + 1
    return [Frame(data, AAC_FRAME) for data in kept[:-1]] + [Frame(kept[-1], last)]


def coder_of_aac() -> av.AudioCodecContext:
    """A fresh encoder with the settings of every segment; takes float32 planes."""
    coder = av.CodecContext.create("aac", "w")
    coder.sample_rate, coder.layout, coder.format = SAMPLE_RATE_HZ, "stereo", "fltp"
    coder.flags |= Flags.qscale | Flags.bitexact
    coder.options = dict(_OPTIONS)
    return coder


def _coded_aac(samples: Samples, first: int, stop: int, end: int) -> Iterator[bytes]:
    """Coded frames of the sound from `first` on, zeros behind `end`, till far enough for `stop`."""
    coder = coder_of_aac()
    until = -(-stop // AAC_FRAME) * AAC_FRAME + hls.LOOK_AHEAD
    for lo in range(first, until, AAC_FRAME):
        sound = np.zeros((2, AAC_FRAME), dtype=np.float32)
        if lo < end:
            part = samples(lo, min(lo + AAC_FRAME, end))
            sound[:, : part.shape[1]] = part
        frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, lo - first
        yield from (bytes(packet) for packet in coder.encode(frame))


def _is_short(frame: bytes) -> bool:
    """Whether a coded frame of two channels holds eight short windows (14496-3, 4.4.2).

    Bits: element (3), its number (4), common window (1); then, where the channels have their own
    windows, the first one's gain (8); then one reserved and the window sequence (2). Own windows
    count as short, because the second one's lie too deep to look at.
    """
    if not frame[0] & 1:
        return True
    return frame[1] >> 5 & 3 == _SHORT


def _flac(sound: Audio) -> list[Frame]:
    """Blocks of 4,096 samples, the last as long as it is; frame numbers begin anew in each segment,
    because the container says where a frame stands.
    """
    coder = av.CodecContext.create("flac", "w")
    coder.sample_rate, coder.layout, coder.format = SAMPLE_RATE_HZ, "stereo", "s32"
    coder.options = {"frame_size": str(FLAC_FRAME), "compression_level": "5"}
    coder.flags |= Flags.bitexact
    pcm = to_int24(sound) << 8
    frames: list[Frame] = []
    for lo in range(0, SEGMENT_SAMPLES, FLAC_FRAME):
        part = np.ascontiguousarray(pcm[lo : lo + FLAC_FRAME])
        if not len(part):
            break
        frame = av.AudioFrame.from_ndarray(part.reshape(1, -1), format="s32", layout="stereo")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, lo
        frames += [Frame(bytes(one), one.duration or 0) for one in coder.encode(frame)]
    return frames + [Frame(bytes(one), one.duration or 0) for one in coder.encode(None) if one.size]
