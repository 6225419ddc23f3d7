"""Logarithm, power, angle and rotation as short polynomials over tensors, term by term as compiled.

Knows numbers only. Invariant: every step is one IEEE operation per element (never a library's exp,
log or atan2), so a result depends on its arguments, not on its place in a tensor or on the device.
"""

import torch
from torch import Tensor

_LN2 = 0.6931471805599453
_SQRT_HALF = 0.7071067811865476
DB = 0.16609640474436812


def log2_of(value: Tensor) -> Tensor:
    """Binary logarithm of positive float64 numbers, within 2e-9."""
    mantissa, exponent = torch.frexp(value)
    low = mantissa < _SQRT_HALF
    mantissa = torch.where(low, mantissa * 2.0, mantissa)
    exponent = exponent - low.to(exponent.dtype)
    t = (mantissa - 1.0) / (mantissa + 1.0)
    s = t * t
    series = 1.0 + s * (1 / 3 + s * (1 / 5 + s * (1 / 7 + s * (1 / 9 + s * (1 / 11 + s / 13)))))
    return exponent + 2.0 * t * series / _LN2


def exp2_of(value: Tensor) -> Tensor:
    """2 to the power of float64 numbers, |value| < 1000, within 1e-10 relative."""
    whole = torch.floor(value + 0.5)
    x = (value - whole) * _LN2
    e = 1 + x / 8 * (1 + x / 9)
    for term in (7, 6, 5, 4, 3, 2):
        e = 1 + x / term * e
    # A power of two is its exponent's bits alone, exact on every device.
    return (1 + x * e) * ((whole.to(torch.int64) + 1023) << 52).view(torch.float64)


def gain_of(db: Tensor) -> Tensor:
    """The amplitude ratio of float64 decibels."""
    return exp2_of(db * DB)


def raised_cosine(x: Tensor) -> Tensor:
    """0 at x <= 0, 1 at x >= 1, half a cosine between, within 1e-7; float64."""
    u = 3.141592653589793 * (x.clamp(0.0, 1.0) - 0.5)
    s = u * u
    series = 1 - s / 42 * (1 - s / 72 * (1 - s / 110 * (1 - s / 156)))
    inside = 0.5 + 0.5 * u * (1 - s / 6 * (1 - s / 20 * series))
    return torch.where(x <= 0.0, 0.0, torch.where(x >= 1.0, 1.0, inside))


def turns_of(y: Tensor, x: Tensor) -> Tensor:
    """The angle of x + iy in 2**-32 turns, in steps of 256; float32 to int64."""
    ax, ay = x.abs(), y.abs()
    t = torch.minimum(ax, ay) / torch.maximum(ax, ay).clamp_min(1e-30)
    far = t > 0.41421356
    u = torch.where(far, (t - 1.0) / (t + 1.0), t)
    s = u * u
    e = 1 / 9 - s * (1 / 11 - s * (1 / 13))
    e = 1 / 3 - s * (1 / 5 - s * (1 / 7 - s * e))
    a = u * (1.0 - s * e) * 0.15915494
    a = torch.where(far, a + 0.125, a)
    a = torch.where(ay > ax, 0.25 - a, a)
    a = torch.where(x < 0.0, 0.5 - a, a)
    a = torch.where(y < 0.0, -a, a)
    return torch.floor(a * 16777216.0 + 0.5).to(torch.int64) * 256


def wrapped(turns: Tensor) -> Tensor:
    """int64 counts of 2**-32 turns brought into the range of int32, as two's complement does."""
    return ((turns + 2147483648) & 4294967295) - 2147483648


def rotors_of(turns: Tensor) -> Tensor:
    """e^(2 pi i turns / 2**32), within 4e-6: complex64 from integers."""
    turns = turns.to(torch.int64)
    whole = (turns + 536870912) >> 30
    rest = (turns - (whole << 30)).to(torch.float32) * 1.4629180792671596e-09
    s = rest * rest
    sine = rest * (1.0 - s * (1 / 6 - s * (1 / 120 - s * (1 / 5040))))
    cosine = 1.0 - s * (0.5 - s * (1 / 24 - s * (1 / 720)))
    side = whole & 3
    odd, negative = (side & 1) == 1, (side & 2) == 2
    a, b = torch.where(odd, -sine, cosine), torch.where(odd, cosine, sine)
    return torch.complex(torch.where(negative, -a, a), torch.where(negative, -b, b))
