"""How this room compiles its loops, and the few functions of numbers that must not differ.

Vector libraries round exp, log and atan2 differently by the length of the array, so that a piece
cut elsewhere would sound different in its last bit. Here they are short polynomials in float64
without fused or reordered arithmetic. Invariant: a result depends on the arguments alone.
"""

import ctypes
import hashlib
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")

import numba
import numpy as np
import numpy.typing as npt

Audio = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complex64]
Turns = npt.NDArray[np.int32]
Reals = npt.NDArray[np.float64]
Samples = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def loops_folder() -> Path | None:
    """Where compiled loops of these sources are kept; None where the environment or numba decides.

    Compiled loops are kept in a folder named by the sources of the rooms that have any.

    numba asks only whether the file of a loop itself has changed, not what it calls; without this
    an update of the house could go on with old machine code. Folders of other sources stay: workers
    of two versions may run side by side.
    """
    room = Path(__file__).parent
    if "NUMBA_CACHE_DIR" in os.environ or not os.access(room, os.W_OK):
        return None
    digest = hashlib.sha256()
    for source in sorted((*room.glob("*.py"), *room.parent.glob("analysis/*.py"))):
        digest.update(source.read_bytes())
    return room / "__pycache__" / f"loops-{digest.hexdigest()[:12]}"


def _keep_loops_by_source() -> None:
    folder = loops_folder()
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        cast(Any, numba.config).CACHE_DIR = str(folder)


_keep_loops_by_source()

_Loop = TypeVar("_Loop", bound=Callable[..., Any])
_LN2 = 0.6931471805599453
_SQRT_HALF = 0.7071067811865476
_TWO_32 = 4294967296.0


def aligned(*shape: int, dtype: type[Any] = np.float32, blank: bool = True) -> npt.NDArray[Any]:
    """Zeros that begin on a cache line: lanes that straddle two of them take twice as long.

    Not `blank`: whatever was there before.
    """
    size, line = math.prod(shape), 64 // np.dtype(dtype).itemsize
    flat = (np.zeros if blank else np.empty)(size + line, dtype=dtype)
    begin = -_place_of(flat) // flat.itemsize % line
    return flat[begin : begin + size].reshape(shape)


def _place_of(flat: npt.NDArray[Any]) -> int:
    """Where in memory it begins; a quarter of what `flat.ctypes.data` takes."""
    return ctypes.addressof(ctypes.c_char.from_buffer(cast(Any, flat)))


def fixed(sound: Audio) -> Audio:
    """The same samples, row by row and for reading only: one kind of array, one compilation."""
    view = np.ascontiguousarray(sound).view(np.ndarray)
    view.flags.writeable = False
    return view


def kernel(loop: _Loop) -> _Loop:
    """`loop` compiled by numba: cached on disk, free of the interpreter's lock, never fast-math."""
    return cast(_Loop, numba.njit(loop, cache=True, nogil=True, error_model="numpy"))


def inlined(loop: _Loop) -> _Loop:
    """Like `kernel`, for small functions that other kernels call."""
    return cast(
        _Loop, numba.njit(loop, cache=True, nogil=True, error_model="numpy", inline="never")
    )


def within(loop: _Loop) -> _Loop:
    """Like `kernel`, for pieces of a loop that are compiled into whoever calls them."""
    return cast(_Loop, numba.njit(loop, cache=True, error_model="numpy", forceinline=True))


@inlined
def log2_of(value: float) -> float:
    """Binary logarithm of a positive float64, within 2e-9."""
    mantissa, exponent = math.frexp(value)
    if mantissa < _SQRT_HALF:
        mantissa *= 2.0
        exponent -= 1
    t = (mantissa - 1.0) / (mantissa + 1.0)
    s = t * t
    series = 1.0 + s * (1 / 3 + s * (1 / 5 + s * (1 / 7 + s * (1 / 9 + s * (1 / 11 + s / 13)))))
    return float(exponent + 2.0 * t * series / _LN2)


@inlined
def exp2_of(value: float) -> float:
    """2 to the power `value` for |value| < 1000, within 1e-10 relative."""
    whole = np.floor(value + 0.5)
    x = (value - whole) * _LN2
    e = 1 + x / 8 * (1 + x / 9)
    e = 1 + x * (
        1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5 * (1 + x / 6 * (1 + x / 7 * e)))))
    )
    return float(math.ldexp(e, int(whole)))


@inlined
def gain_of(db: float) -> float:
    """The amplitude ratio of `db` decibels."""
    return exp2_of(db * 0.16609640474436812)


@inlined
def turns_of(y: float, x: float) -> int:
    """The angle of x + iy as a 32-bit count of 2**-32 turns, wrapped; within 1e-7 turns."""
    ax, ay = abs(x), abs(y)
    big, small = max(ax, ay), min(ax, ay)
    if big == 0.0:
        return 0
    t = small / big
    shifted = t > 0.4142135623730951
    if shifted:
        t = (t - 1.0) / (t + 1.0)
    s = t * t
    series = 1 / 9 - s * (1 / 11 - s * (1 / 13 - s * (1 / 15 - s / 17)))
    series = 1.0 - s * (1 / 3 - s * (1 / 5 - s * (1 / 7 - s * series)))
    angle = t * series * 0.15915494309189535
    if shifted:
        angle += 0.125
    if ay > ax:
        angle = 0.25 - angle
    if x < 0.0:
        angle = 0.5 - angle
    if y < 0.0:
        angle = -angle
    return int(np.floor(angle * _TWO_32 + 0.5))


@inlined
def wrapped(turns: int) -> int:
    """`turns` brought into the range of int32, as two's complement does."""
    return ((turns + 2147483648) & 4294967295) - 2147483648


@inlined
def hashed(seed: int, counter: int, lane: int) -> float:
    """A number in [0, 1) that follows from its arguments alone (splitmix64)."""
    z = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
    z = z + np.uint64(counter) * np.uint64(0xD1B54A32D192ED03) + np.uint64(lane)
    for _ in range(2):
        z = z + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * 1.1102230246251565e-16


@inlined
def raised_cosine(x: float) -> float:
    """0 at x <= 0, 1 at x >= 1, half a cosine between, within 1e-7."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    u = 3.141592653589793 * (x - 0.5)
    s = u * u
    series = 1 - s / 42 * (1 - s / 72 * (1 - s / 110 * (1 - s / 156)))
    return float(0.5 + 0.5 * u * (1 - s / 6 * (1 - s / 20 * series)))


@kernel
def fade(shape: Audio, first: int, length: int, step: int) -> None:
    """Multiplies `shape` by a raised cosine of `length` samples; its first stands at `first`.

    `step` 1: `first` counts up from the beginning of a clip; -1: down to its end.
    """
    size = shape.shape[0]
    low, high = (0, min(size, length - first)) if step > 0 else (max(0, first - length), size)
    for i in range(low, high):
        shape[i] *= raised_cosine((first + step * i + 0.5) / length)


@kernel
def fade_at(shape: Reals, places: Samples, length: int) -> None:
    """As `fade`, for samples that stand at any `places` from where a fade of `length` begins."""
    for i in range(shape.shape[0]):
        if places[i] < length:
            shape[i] *= raised_cosine((places[i] + 0.5) / length)


def rotation_table() -> Spectrum:
    """e^(2 pi i k / 4096) for k = 0..4095, made once in float64."""
    angle = 2.0 * np.pi * np.arange(4096) / 4096.0
    table: Spectrum = (np.cos(angle) + 1j * np.sin(angle)).astype(np.complex64)
    return table


ROTATIONS = rotation_table()


@inlined
def rotation_of(turns: int, table: Spectrum) -> complex:
    """e^(2 pi i turns / 2**32): a table step times a short series, within 1e-7."""
    index = (turns >> 20) & 4095
    rest = (turns & 1048575) * 1.4629180792671596e-09
    step = table[index]
    cosine, sine = 1.0 - rest * rest * 0.5, rest
    return complex(step.real * cosine - step.imag * sine, step.real * sine + step.imag * cosine)
