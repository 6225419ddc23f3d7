"""Reads an opened file as blocks of float64 sound, and notices where it is not what it says.

Runs in the decoding child only. PyAV with the demuxer forced, one audio stream of a known codec, no
nested protocol but `file` and `pipe`. Invariant: when `blocks` ends without Damaged, the sound is
whole: its length agrees with the headers, every number is finite, and a FLAC's own MD5 holds.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import av
import numpy as np
import numpy.typing as npt

from generation.ingest.headers import CUT, Damaged, Declared

Samples = npt.NDArray[np.float64]

_DEMUXERS = {"wav": "wav", "aiff": "aiff", "flac": "flac", "mp3": "mp3", "ogg": "ogg", "m4a": "mov"}
_PCM = {f"pcm_{form}{end}" for form in ("s16", "s24", "s32", "f32", "f64") for end in ("le", "be")}
_CODECS = {
    "wav": _PCM | {"pcm_u8"},
    "aiff": _PCM | {"pcm_s8"},
    "flac": {"flac"},
    "mp3": {"mp3", "mp3float"},
    "ogg": {"vorbis", "opus", "libopus", "libvorbis", "flac"},
    "m4a": {"aac", "alac"},
}
_EXACT = ("wav", "aiff", "flac")
_SCALE = {"u8": 128.0, "s16": 32_768.0, "s32": 2_147_483_648.0}
RATES_HZ = (8_000, 192_000)
BLOCK_FRAMES = 65_536


@dataclass(slots=True)
class Sound:
    """An opened file. `frames`, `clipped` (samples at full scale) grow while `blocks` is read."""

    kind: str
    codec: str
    rate_hz: int
    channels: int
    declared: Declared
    container: Any
    stream: Any
    seconds_max: int
    spend: Callable[[float], None]
    frames: int = 0
    clipped: int = 0
    notes: list[str] = field(default_factory=list)

    def blocks(self) -> Iterator[Samples]:
        """The sound as float64 [n, channels], full scale 1.0; raises Damaged."""
        digest = _Md5(self)
        held: list[Samples] = []
        count = 0
        end = _m4a_frames(self) if self.kind == "m4a" and self.stream.duration else None
        for raw in _frames(self):
            digest.add(raw)
            block = _floats(raw, self.channels)
            if end is not None:
                block = block[: max(0, end - self.frames)]
            self._look(block)
            held.append(block)
            count += len(block)
            if count >= BLOCK_FRAMES:
                yield np.concatenate(held)
                held, count = [], 0
        if held:
            yield np.concatenate(held)
        _compare_length(self)
        digest.compare()

    def _look(self, block: Samples) -> None:
        if not np.isfinite(block).all():
            raise Damaged(
                "not_finite", "The file holds numbers that are no sound (NaN or infinite)."
            )
        self.frames += len(block)
        self.clipped += int(np.count_nonzero(np.abs(block) >= 0.999_96))
        seconds = self.frames / self.rate_hz
        if seconds > self.seconds_max:
            raise Damaged("too_long", f"The sound is longer than {self.seconds_max // 60} minutes.")
        self.spend(seconds)


def open_sound(
    file: BinaryIO, kind: str, declared: Declared, seconds_max: int, spend: Callable[[float], None]
) -> Sound:
    """`file` opened by the demuxer of `kind` and no other; raises Damaged."""
    av.logging.set_level(None)
    file.seek(0)
    options = {"protocol_whitelist": "file,pipe", "err_detect": "crccheck"}
    try:
        container = av.open(
            file, format=_DEMUXERS[kind], options=options, metadata_errors="replace"
        )
        stream = _only_stream(container, kind)
    except av.FFmpegError as error:
        raise Damaged(
            "damaged", "The file cannot be opened as the sound that it begins as."
        ) from error
    context = stream.codec_context
    context.thread_count = 1
    if kind == "flac":
        context.options = {"err_detect": "crccheck+explode"}
    _check_shape(context.channels, context.sample_rate, declared)
    return Sound(
        kind=kind,
        codec=context.name,
        rate_hz=context.sample_rate,
        channels=context.channels,
        declared=declared,
        container=container,
        stream=stream,
        seconds_max=seconds_max,
        spend=spend,
    )


def _only_stream(container: Any, kind: str) -> Any:
    audio = list(container.streams.audio)
    if not audio:
        raise Damaged("not_audio", "The file has no sound in it.")
    if len(audio) > 1:
        raise Damaged("several_streams", "The file holds more than one sound stream.")
    pictures = (stream for stream in container.streams.video)
    if kind == "m4a" and any(not _is_cover(stream) for stream in pictures):
        raise Damaged(
            "video", "The file is a video; only its sound can be taken, as a file of its own."
        )
    if audio[0].codec_context.name not in _CODECS[kind]:
        raise Damaged(
            "codec", f"The sound is coded as {audio[0].codec_context.name}, which is not taken."
        )
    return audio[0]


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _check_shape(channels: int, rate_hz: int, declared: Declared) -> None:
    if channels > 32:
        raise Damaged("channels", "The file has more than 32 channels.")
    if not 1 <= channels <= 2:
        raise Damaged("channels", f"The file has {channels} channels; a stem is mono or stereo.")
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise Damaged("rate", "The sample rate lies outside 8 to 192 kHz.")
    if declared.channels not in (None, channels) or declared.rate_hz not in (None, rate_hz):
        raise Damaged("header", "The headers of the file contradict each other.")


def _frames(sound: Sound) -> Iterator[Any]:
    """Decoded frames of one unchanging format; a packet that cannot be decoded is damage."""
    errors = 0
    packets = sound.container.demux(sound.stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                break
            decoded = packet.decode()
        except av.FFmpegError as error:
            # An MP3's headers were walked frame by frame before: its length alone decides below.
            errors += 1
            if sound.kind != "mp3" or errors > 16:
                raise Damaged(
                    "damaged", "The file is damaged: a part of it cannot be decoded."
                ) from error
            continue
        for frame in decoded:
            if frame.sample_rate != sound.rate_hz or frame.layout.nb_channels != sound.channels:
                raise Damaged("header", "The sound changes its sample rate or channels on the way.")
            yield frame


def _floats(frame: Any, channels: int) -> Samples:
    """A frame as float64 [n, channels]; integers divided by their full scale exactly."""
    raw = frame.to_ndarray()
    planar = frame.format.is_planar
    rows = raw.T if planar else raw.reshape(-1, channels)
    name = frame.format.name.removesuffix("p")
    out = rows.astype(np.float64)
    if name == "u8":
        out -= 128.0
    return np.asarray(out / _SCALE.get(name, 1.0), np.float64)


def _compare_length(sound: Sound) -> None:
    promised, slack = sound.declared.frames, sound.declared.slack
    if sound.kind == "m4a" and sound.stream.duration:
        promised, slack = _m4a_frames(sound), 4_096
    if promised is None or sound.frames == promised:
        return
    if sound.kind in _EXACT or sound.frames < promised - slack:
        raise Damaged("truncated", CUT) if sound.frames < promised else _longer()
    if sound.frames > promised + slack:
        raise _longer()


def _m4a_frames(sound: Sound) -> int:
    """Frames between the cuts of the edit list, as the demuxer reads them."""
    frames: int = round(sound.stream.duration * sound.stream.time_base * sound.rate_hz)
    return frames


def _longer() -> Damaged:
    return Damaged("header", "The file holds more sound than its header says.")


class _Md5:
    """The MD5 that a FLAC keeps of its own samples, made again from what was decoded."""

    def __init__(self, sound: Sound) -> None:
        self.wanted = sound.declared.md5
        self.bits = _flac_bits(sound)
        self.digest = hashlib.md5(usedforsecurity=False)

    def add(self, frame: Any) -> None:
        if self.wanted is None or self.bits not in (16, 24):
            return
        raw = frame.to_ndarray().reshape(-1)
        if self.bits == 16:
            self.digest.update(raw.astype("<i2").tobytes())
            return
        quads = (raw >> 8).astype("<i4").view(np.uint8).reshape(-1, 4)
        self.digest.update(np.ascontiguousarray(quads[:, :3]).tobytes())

    def compare(self) -> None:
        if self.wanted and self.bits in (16, 24) and self.digest.hexdigest() != self.wanted:
            raise Damaged(
                "damaged", "The file is damaged: its sound does not match its own checksum."
            )


def _flac_bits(sound: Sound) -> int:
    """Bits per sample of a FLAC, 0 for what is none."""
    if sound.kind != "flac":
        return 0
    data = sound.stream.codec_context.extradata or b""
    return ((int.from_bytes(data[10:18], "big") >> 36) & 31) + 1 if len(data) >= 18 else 0
