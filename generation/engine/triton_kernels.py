"""Three steps of the torch engine as Triton kernels: reading at a ratio, true peaks, the room.

Each does in one pass over memory what plain torch does in dozens. Imported only where triton is at
hand. It knows the steps' shapes, no music. Invariant: a kernel sums in the order of its plain form,
so both agree within rounding.
"""

from collections.abc import Callable
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from generation.engine import resample
from generation.engine.dynamics import LIMIT_STEP, PEAK_TAPS, PHASES
from generation.engine.reference.reading import slice_of
from generation.engine.reference.steps import Steps

_AT_ONCE = 256


def _compiled(loop: Callable[..., None]) -> Any:
    return triton.jit(loop)


@_compiled
def _read(
    patch: tl.tensor,
    rows: tl.tensor,
    out: tl.tensor,
    first: tl.tensor,
    p: tl.tensor,
    q: tl.tensor,
    lo: tl.tensor,
    count: tl.tensor,
    length: tl.tensor,
    TAPS: tl.constexpr,
    AT_ONCE: tl.constexpr,
) -> None:
    """out[c, i]: sample lo + i of channel c, read from `patch`, which begins at `first`."""
    i = tl.program_id(0) * AT_ONCE + tl.arange(0, AT_ONCE)
    channel = tl.program_id(1)
    inside = i < count
    moment = (lo + i).to(tl.int64) * p
    place = moment // q
    # Compiled, integers divide towards zero; before the stem's beginning they are to round down.
    place = tl.where(place * q > moment, place - 1, place)
    phase = moment - place * q
    at = place - first
    total = tl.zeros([AT_ONCE], dtype=tl.float32)
    for tap in range(TAPS):
        sample = tl.load(patch + channel * length + at + tap, mask=inside, other=0.0)
        total += sample * tl.load(rows + tap * q + phase, mask=inside, other=0.0)
    tl.store(out + channel * count + i, total, mask=inside)


def read_at(stem: Tensor, rows: Tensor, p: int, q: int, lo: int, hi: int) -> Tensor:
    """As `reading.read_at`."""
    if p == q:
        return slice_of(stem, lo, hi)
    first = lo * p // q - (resample.TAPS // 2 - 1)
    last = (hi - 1) * p // q - (resample.TAPS // 2 - 1) + resample.TAPS
    patch = slice_of(stem, first, last).contiguous()
    out = stem.new_empty((2, hi - lo))
    grid = (triton.cdiv(hi - lo, _AT_ONCE), 2)
    _read[grid](
        patch, rows, out, first + resample.TAPS // 2 - 1, p, q, lo, hi - lo, patch.shape[1],
        TAPS=resample.TAPS, AT_ONCE=_AT_ONCE,
    )  # fmt: skip
    return out


@_compiled
def _tops(
    sound: tl.tensor,
    phases: tl.tensor,
    out: tl.tensor,
    count: tl.tensor,
    length: tl.tensor,
    TAPS: tl.constexpr,
    STEP: tl.constexpr,
    AT_ONCE: tl.constexpr,
) -> None:
    """out[j]: the largest magnitude of step j over both channels, on and between the samples."""
    step = tl.program_id(0) * AT_ONCE + tl.arange(0, AT_ONCE)
    i = step[:, None] * STEP + tl.arange(0, STEP)[None, :]
    inside = i < count * STEP
    top = tl.zeros([AT_ONCE, STEP], dtype=tl.float32)
    for channel in range(2):
        line = sound + channel * length
        top = tl.maximum(top, tl.abs(tl.load(line + TAPS + i, mask=inside, other=0.0)))
        for phase in range(3):
            total = tl.zeros([AT_ONCE, STEP], dtype=tl.float32)
            for tap in range(TAPS):
                sample = tl.load(line + TAPS // 2 + 1 + tap + i, mask=inside, other=0.0)
                total += sample * tl.load(phases + phase * TAPS + tap)
            top = tl.maximum(top, tl.abs(total))
    tl.store(out + step, tl.max(top, axis=1), mask=step < count)


def tops_of(sound: Tensor) -> Tensor:
    """As `gains.tops_of`."""
    sound = sound.contiguous()
    count = (sound.shape[1] - 2 * PEAK_TAPS) // LIMIT_STEP
    out = sound.new_empty((count,))
    phases = torch.from_numpy(PHASES).to(sound.device)
    _tops[(triton.cdiv(count, 32),)](
        sound, phases, out, count, sound.shape[1], TAPS=PEAK_TAPS, STEP=LIMIT_STEP, AT_ONCE=32
    )
    return out


@_compiled
def _met(
    heard: tl.tensor,
    room: tl.tensor,
    out: tl.tensor,
    parts: tl.tensor,
    count: tl.tensor,
    bins: tl.tensor,
    AT_ONCE: tl.constexpr,
) -> None:
    """One block of what comes back of one send, both ears; complex numbers lie in pairs."""
    k = tl.program_id(0) * AT_ONCE + tl.arange(0, AT_ONCE)
    block, send = tl.program_id(1), tl.program_id(2)
    inside = k < bins
    lr, li = tl.zeros([AT_ONCE], dtype=tl.float32), tl.zeros([AT_ONCE], dtype=tl.float32)
    rr, ri = tl.zeros([AT_ONCE], dtype=tl.float32), tl.zeros([AT_ONCE], dtype=tl.float32)
    newest = heard + ((send * (parts - 1 + count) + block + parts - 1).to(tl.int64) * bins + k) * 2
    for part in range(parts):
        x = tl.load(newest - part * bins * 2, mask=inside, other=0.0)
        y = tl.load(newest - part * bins * 2 + 1, mask=inside, other=0.0)
        left = room + (part * 2 * bins + k) * 2
        right = left + bins * 2
        a, b = tl.load(left, mask=inside, other=0.0), tl.load(left + 1, mask=inside, other=0.0)
        lr += x * a - y * b
        li += x * b + y * a
        a, b = tl.load(right, mask=inside, other=0.0), tl.load(right + 1, mask=inside, other=0.0)
        rr += x * a - y * b
        ri += x * b + y * a
    to = out + ((send * count + block).to(tl.int64) * 2 * bins + k) * 2
    tl.store(to, lr, mask=inside)
    tl.store(to + 1, li, mask=inside)
    tl.store(to + bins * 2, rr, mask=inside)
    tl.store(to + bins * 2 + 1, ri, mask=inside)


def met(heard: Tensor, room: Tensor) -> Tensor:
    """As `room.met`."""
    parts, bins = len(room), room.shape[2]
    sends, count = len(heard), heard.shape[1] - parts + 1
    out = heard.new_empty((sends, count, 2, bins))
    grid = (triton.cdiv(bins, _AT_ONCE), count, sends)
    _met[grid](
        torch.view_as_real(heard.contiguous()), torch.view_as_real(room.contiguous()),
        torch.view_as_real(out), parts, count, bins, AT_ONCE=_AT_ONCE,
    )  # fmt: skip
    return out


STEPS = Steps(read_at, tops_of, met)
