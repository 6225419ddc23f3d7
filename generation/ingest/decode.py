"""Has an untrusted file decoded by a child with little power, and says what came of it.

The parent reads no byte of sound itself. It starts `generation.ingest.child` in an empty folder of
its own, with the file as standard input, no environment, limits on CPU, memory, file size and
processes, and no network where the system allows; it kills the child on time and removes the
folder. Standard library only. Invariant: the answer is Checked with two complete files in `folder`,
or Refused and nothing there.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from generation.ingest import names, sniff

SAMPLE_RATE_HZ = 48_000
_ROOT = Path(__file__).resolve().parents[2]
_GIB = 1 << 30
_ANSWER_MAX = 65_536


class DecoderFault(RuntimeError):
    """Our own decoder failed, not the file: the work may be tried again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost. `bytes_max`: of the file; `seconds_max`: decoded; CPU and wall in
    seconds.
    """

    bytes_max: int = 2 * _GIB
    seconds_max: int = 30 * 60
    memory_bytes: int = 2 * _GIB
    cpu_seconds_per_minute: int = 60
    cpu_seconds_max: int = 300
    wall_seconds: int = 600


@dataclass(frozen=True, slots=True)
class Checked:
    """Sound that was decoded to its end.

    `digest`: SHA-256 of the canonical PCM (48 kHz, stereo, int24 little endian, interleaved),
    `frames` of it. `archive`: 24-bit FLAC, the authority. `planar`: .npy, float32 [2, frames].
    `ingest_gain_db`: what sound above full scale was turned down by (<= 0). `notes`: sentences for
    the artist.
    """

    digest: str
    frames: int
    archive: Path
    planar: Path
    ingest_gain_db: float
    notes: tuple[str, ...]
    kind: str
    codec: str
    rate_hz: int
    channels: int
    original_sha256: str
    original_bytes: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is not taken: a stable code and one sentence for a person."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _Order:
    """What the child is asked; travels as JSON on its command line."""

    kind: str
    size: int
    limits: Limits = field(default_factory=Limits)


def decode(
    source: Path, folder: Path, *, name: str | None = None, limits: Limits | None = None
) -> Checked | Refused:
    """The checked sound of `source`, its files written to `folder` under the digest.

    `name` is the client's file name, checked as text. Raises DecoderFault when the child broke
    without a reason that lies in the file, OSError when `source` cannot be read or `folder` not
    written.
    """
    limits = limits or Limits()
    size = source.stat().st_size
    refusal = _refuse_early(source, size, name, limits)
    if refusal is not None:
        return refusal
    with source.open("rb") as file:
        kind = sniff.sniff(file)
        head = file.read(512)
    if kind is None:
        return Refused(
            "not_audio", f"This is {sniff.describe(head)}, not a sound file that is taken."
        )
    folder.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix="decode-", dir=folder))
    try:
        answer = _ask_child(source, room, _Order(kind=kind, size=size, limits=limits))
        if "refused" in answer:
            return Refused(str(answer["refused"]), str(answer["sentence"]))
        return _take(answer, room, folder, kind, size)
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _refuse_early(source: Path, size: int, name: str | None, limits: Limits) -> Refused | None:
    if name is not None:
        try:
            names.clean_name(name)
        except names.HostileName as error:
            return Refused("name", str(error))
    if size == 0:
        return Refused("empty", "The file is empty.")
    if size > limits.bytes_max:
        return Refused("too_large", f"The file is larger than {limits.bytes_max / _GIB:g} GiB.")
    return None


def _ask_child(source: Path, room: Path, order: _Order) -> dict[str, Any]:
    """The child's answer, or a refusal in its place when its limits ended it."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "TMPDIR": str(room),
        "HOME": str(room),
    }
    command = [sys.executable, "-s", "-m", "generation.ingest.child", json.dumps(asdict(order))]
    with source.open("rb") as file:
        child = subprocess.Popen(
            command,
            cwd=room,
            env=environment,
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    try:
        out, err = child.communicate(timeout=order.limits.wall_seconds)
    except subprocess.TimeoutExpired:
        _kill_group(child)
        return {"refused": "too_slow", "sentence": "The file takes too long to decode."}
    except BaseException:
        _kill_group(child)
        raise
    return _read_answer(child.returncode, out, err)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()


def _read_answer(returncode: int, out: bytes, err: bytes) -> dict[str, Any]:
    if returncode == 0 and len(out) <= _ANSWER_MAX:
        answer = json.loads(out)
        if isinstance(answer, dict):
            return answer
    if returncode == -signal.SIGXCPU:
        return {"refused": "too_slow", "sentence": "The file takes too long to decode."}
    if returncode < 0:
        return {"refused": "damaged", "sentence": "The file breaks the decoder."}
    raise DecoderFault(err[-2000:].decode(errors="replace") or f"exit status {returncode}")


def _take(answer: dict[str, Any], room: Path, folder: Path, kind: str, size: int) -> Checked:
    """Moves the child's two files into `folder` and reads its answer, trusting no type in it."""
    digest = str(answer["digest"])
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise DecoderFault("The child named no digest.")
    archive, planar = folder / f"{digest}.flac", folder / f"{digest}.npy"
    os.replace(room / "archive.flac", archive)
    os.replace(room / "planar.npy", planar)
    return Checked(
        digest=digest,
        frames=int(answer["frames"]),
        archive=archive,
        planar=planar,
        ingest_gain_db=float(answer["ingest_gain_db"]),
        notes=tuple(str(note) for note in answer["notes"]),
        kind=kind,
        codec=str(answer["codec"]),
        rate_hz=int(answer["rate_hz"]),
        channels=int(answer["channels"]),
        original_sha256=str(answer["original_sha256"]),
        original_bytes=size,
    )
