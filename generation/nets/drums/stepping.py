"""The drum net one step at a time, as it plays: the same sums as `model`, in float64 arrays.

A step is so small that calling torch would cost more than its work. It refuses to know requests and
chance. Invariant: what a step gives equals what `DrumNet` gives for the same past, to rounding
(tests/generation/nets/test_drums.py asks both).
"""

import numpy as np
import numpy.typing as npt

from generation.nets.drums.model import DrumNet
from generation.nets.grooves import OFFSETS, VELOCITIES, VOICES

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


class Stepper:
    """The weights of a net, and the state of parts that are being played side by side."""

    def __init__(self, net: DrumNet, parts: int) -> None:
        self._w = {k: v.detach().double().numpy() for k, v in net.state_dict().items()}
        layers = net.core.num_layers
        self._state = [np.zeros((parts, net.core.hidden_size)) for _ in range(layers)]

    def advance(self, past: F64, place: int, bar: int, style: I64, energy: I64) -> F64:
        """The core at the next step, [parts, width]; `past` [parts, features of all AGO]."""
        w = self._w
        seen = past @ w["past.weight"].T + w["past.bias"]
        seen = seen + w["place.weight"][place] + w["bar.weight"][bar]
        flow = np.maximum(seen + w["style.weight"][style] + w["energy.weight"][energy], 0.0)
        for layer, held in enumerate(self._state):
            flow = self._state[layer] = self._cell(flow, held, layer)
        return np.asarray(flow)

    def _cell(self, given: F64, held: F64, layer: int) -> F64:
        """A gated recurrent unit (Cho et al. 2014, with torch's bias in the candidate)."""
        w, width = self._w, held.shape[1]
        fresh = given @ w[f"core.weight_ih_l{layer}"].T + w[f"core.bias_ih_l{layer}"]
        kept = held @ w[f"core.weight_hh_l{layer}"].T + w[f"core.bias_hh_l{layer}"]
        gates = _sigmoid(fresh[:, : 2 * width] + kept[:, : 2 * width])
        reset, update = gates[:, :width], gates[:, width:]
        candidate = np.tanh(fresh[:, 2 * width :] + reset * kept[:, 2 * width :])
        return np.asarray(candidate + update * (held - candidate))

    def struck(self, core: F64, chance: F64, heat: F64) -> npt.NDArray[np.bool_]:
        """Which voices are struck, [parts, 9], one after another; `chance` [parts, 9] in [0, 1),
        `heat` [parts] divides the logits.
        """
        w = self._w
        known = core @ w["chain_from_core.weight"].T + w["chain_from_core.bias"]
        known = known.reshape(len(core), len(VOICES), -1)
        out = np.zeros((len(core), len(VOICES)), np.bool_)
        for voice in range(len(VOICES)):
            raw = np.maximum(known[:, voice], 0.0) @ w["chain_out"][voice]
            logit = (raw + w["chain_bias"][voice]) / heat
            hit = out[:, voice] = chance[:, voice] < _sigmoid(logit)
            if hit.any():
                known[hit, voice + 1 :] += w["chain_from_voices"][voice, voice + 1 :]
        return out

    def velocity_mass(self, core: F64, struck: F64) -> F64:
        """Probability mass up to each class, [parts, 9, classes]."""
        return self._mass("velocity", np.concatenate([core, struck], 1), VELOCITIES)

    def offset_mass(self, core: F64, struck: F64, velocity: F64) -> F64:
        """Probability mass up to each class, [parts, 9, classes]; `velocity` 0 to 1."""
        return self._mass("offset", np.concatenate([core, struck, velocity], 1), OFFSETS)

    def _mass(self, name: str, given: F64, classes: int) -> F64:
        w = self._w
        inner = np.maximum(given @ w[f"{name}.0.weight"].T + w[f"{name}.0.bias"], 0.0)
        logits = inner @ w[f"{name}.2.weight"].T + w[f"{name}.2.bias"]
        logits = logits.reshape(len(given), len(VOICES), classes)
        weights = np.exp(logits - logits.max(-1, keepdims=True))
        mass: F64 = weights.cumsum(-1) / weights.sum(-1, keepdims=True)
        return mass


def _sigmoid(logits: F64) -> F64:
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))
