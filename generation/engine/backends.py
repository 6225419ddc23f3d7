"""Which engine renders on this machine: compiled loops, plain torch, or torch with Triton kernels.

It knows the ways to render and how to ask a machine for them; it reads no setting. Torch is loaded
only where it is asked for. Invariant: whichever is chosen, a recipe sounds the same within
AGREED_DB, and a way that does not agree on this machine is not chosen.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Protocol

import numpy as np

from generation.engine import render as loops
from generation.engine.clips import Onsets
from generation.engine.kernels import Audio
from generation.engine.render import Cache, Rendered
from generation.engine.warm import LENGTH, warm_recipe
from generation.recipe import Recipe

AUTO = "auto"
NAMES = ("numba", "torch-cpu", "torch-cuda", "triton")
AGREED_DB = 90.0


class BackendMissing(RuntimeError):
    """A way to render that this machine does not have; the message says why."""


class Backend(Protocol):
    """One way to render."""

    @property
    def name(self) -> str:
        """One of NAMES."""

    def knows(self, recipe: Recipe) -> bool:
        """Whether every processor of the recipe can be played."""

    def render(
        self,
        recipe: Recipe,
        stems: Mapping[str, Audio],
        onsets: Mapping[str, Onsets],
        start: int,
        end: int,
        *,
        cache: Cache | None = None,
        mark: Audio | None = None,
        with_parts: bool = True,
        with_windows: bool = True,
    ) -> Rendered:
        """As `generation.engine.render.render`; raises UnknownProcessor for what it cannot play."""


class Loops:
    """The compiled loops on the CPU: `generation.engine.render`."""

    name = "numba"
    render = staticmethod(loops.render)

    def knows(self, _recipe: Recipe) -> bool:
        """Whether every processor can be played: the loops have all of them."""
        return True


def missing(name: str) -> str | None:
    """Why this machine does not have a way to render; None where it has."""
    if name == "numba":
        return None
    if find_spec("torch") is None:
        return "torch is not installed"
    if name == "torch-cpu":
        return None
    import torch

    if not torch.cuda.is_available():
        return "there is no CUDA device"
    if name == "triton" and find_spec("triton") is None:
        return "triton is not installed"
    return None


def backend_of(name: str) -> Backend:
    """The way to render that `name` of NAMES says.

    Raises BackendMissing where the machine lacks it, ValueError for another name.
    """
    if name not in NAMES:
        raise ValueError(f"The backend {name!r} is not known; there are {', '.join(NAMES)}.")
    reason = missing(name)
    if reason is not None:
        raise BackendMissing(f"The backend {name} cannot be used: {reason}.")
    if name == "numba":
        return Loops()
    from generation.engine.reference.rendering import TorchBackend

    if name != "triton":
        return TorchBackend(name.removeprefix("torch-"))
    from generation.engine.triton_kernels import STEPS

    return TorchBackend("cuda", STEPS, name)


def choose_backend(wanted: str = AUTO, say: Callable[[str], None] = lambda _: None) -> Backend:
    """The way to render on this machine; once, when a process starts.

    `wanted` is one of NAMES, which is then used or refused as `backend_of` does, or AUTO: Triton or
    plain torch on a CUDA device where they agree with the compiled loops, else the loops. `say`
    hears why a way was passed over.
    """
    if wanted != AUTO:
        return backend_of(wanted)
    for name in ("triton", "torch-cuda"):
        if missing(name) is not None:
            continue
        # A device can fail in ways of its own; whatever it is, the loops still render.
        try:
            backend = backend_of(name)
            agreed = agreement_db(backend)
        except Exception as fault:
            say(f"The backend {name} was passed over: {fault}")
            continue
        if agreed >= AGREED_DB:
            return backend
        say(f"The backend {name} was passed over: it agrees with the loops within {agreed:.0f} dB.")
    return Loops()


def backend_for(recipe: Recipe, chosen: Backend) -> Backend:
    """The chosen way to render, or the compiled loops where it does not know a processor."""
    return chosen if chosen.knows(recipe) else Loops()


def snr_db(found: Audio, expected: Audio) -> float:
    """How far what differs lies below what was expected, in dB; NaN and infinity differ wholly."""
    noise = float(((found.astype(np.float64) - expected) ** 2).sum())
    power = float((expected.astype(np.float64) ** 2).sum())
    return 10.0 * float(np.log10(power / max(noise, 1e-30))) if np.isfinite(noise) else -np.inf


def agreement_db(backend: Backend) -> float:
    """How far below a second of sound by every processor its difference from the loops' lies."""
    plan = warm_recipe()
    clips = tuple(clip for clip in plan.clips if clip.processor != "vocoder/1")
    recipe = replace(plan, clips=clips, memory=0)
    time = np.arange(recipe.sources[0].length) / 48_000.0
    tone = (0.2 * np.sin(2.0 * np.pi * 220.0 * time)).astype(np.float32)
    onsets = {"warm": (np.array([12_000, 30_000], dtype=np.int64), np.array([12.0, 12.0]))}
    stems = {"warm": np.stack((tone, tone))}
    one = backend.render(recipe, stems, onsets, 0, LENGTH)
    other = loops.render(recipe, stems, onsets, 0, LENGTH)
    return min(snr_db(one.audio, other.audio), snr_db(one.parts, other.parts))
