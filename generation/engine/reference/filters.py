"""Second-order filters in torch, as convolution with the response that a stretch leaves room for.

Each stretch starts anew from silence a run-in earlier (`eq`), so the filter that is heard is a
finite one and one transform carries it. Knows coefficients, not bands or loudness. Invariant: a
stretch's output depends on its own input and that of its run-in, nothing else.
"""

from functools import lru_cache

import numpy as np
import torch
from scipy.signal import sosfilt
from torch import Tensor

from generation.engine.kernels import Reals


def cascade(sound: Tensor, sections: Reals, chunk: int, run_in: int) -> Tensor:
    """Filters whole chunks: `sound` [..., run_in + n * chunk] to [..., n * chunk].

    `sections` float64 [n, 5]: rows of b0, b1, b2, a1, a2.
    """
    length = run_in + chunk
    response = torch.from_numpy(_response(sections.tobytes(), length)).to(sound.device)
    frames = sound.unfold(-1, length, chunk)
    spectra = torch.fft.rfft(frames, 2 * length) * torch.fft.rfft(response, 2 * length)
    heard: Tensor = torch.fft.irfft(spectra, 2 * length)[..., run_in:length]
    return heard.flatten(-2)


@lru_cache(maxsize=64)
def _response(sections: bytes, length: int) -> Reals:
    """The filters' answer to one sample, float32 [length], worked out in float64."""
    rows = np.frombuffer(sections).reshape(-1, 5)
    impulse = np.zeros(length)
    impulse[0] = 1.0
    forms = np.insert(rows, 3, 1.0, axis=1)
    response: Reals = sosfilt(forms, impulse).astype(np.float32)
    return response
