"""The Triton kernels give what the plain steps give: on a CUDA device, else in the interpreter.

Skipped where triton is not installed; the product runs without it. To run them anyway: a virtual
environment with the product's packages and triton, without a device needed.
"""

import os

import pytest
import torch

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # read when triton is imported
pytest.importorskip("triton", reason="triton is not installed")

from generation.engine import resample, triton_kernels
from generation.engine.reference.steps import PLAIN

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def drawn(*shape, dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(shape, generator=generator, dtype=dtype).to(DEVICE)


def snr_db(found, expected):
    noise, power = (found - expected).abs().double(), expected.abs().double()
    return float(10 * torch.log10(power.square().sum() / noise.square().sum().clamp_min(1e-30)))


@pytest.mark.parametrize("semitones", [-12, -3, 0, 2, 7, 12])
@pytest.mark.parametrize(("lo", "hi"), [(-900, 700), (1_000, 3_001), (4_000, 5_000)])
def test_a_stem_is_read_at_a_ratio_as_in_plain_torch(semitones, lo, hi):
    from generation.engine.reference.reading import rows_of

    p, q = resample.ratio_of(semitones)
    stem, rows = drawn(2, 9_000), rows_of(p, q, DEVICE)
    expected = PLAIN.read_at(stem, rows, p, q, lo, hi)
    assert expected.any()
    assert snr_db(triton_kernels.read_at(stem, rows, p, q, lo, hi), expected) >= 120


def test_true_peaks_are_those_of_plain_torch():
    sound = drawn(2, 24 + 16 * 70)
    assert torch.allclose(triton_kernels.tops_of(sound), PLAIN.tops_of(sound), rtol=1e-6, atol=0)


def test_sends_meet_the_room_as_in_plain_torch():
    heard, room = (
        drawn(2, 9, 4_097, dtype=torch.complex64),
        drawn(5, 2, 4_097, dtype=torch.complex64),
    )
    expected = PLAIN.met(heard, room)
    assert expected.shape == (2, 5, 2, 4_097)
    assert snr_db(triton_kernels.met(heard, room), expected) >= 120
