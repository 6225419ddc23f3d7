"""Which engine renders on this machine: compiled loops, plain torch, or torch with Triton kernels.

It knows the ways to render and how to ask a machine for them; it reads no setting. Torch is loaded
only where it is asked for. Invariant: no way is chosen by itself that does not agree with the loops
on this machine as `accord` asks it: within 90 dB where nothing is decided anew, and with at most
one frame in a hundred decided otherwise. A whole song agrees by less: what a frame decided
otherwise goes on until phase begins afresh.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Protocol

from generation.engine import render as loops
from generation.engine.accord import accord_of
from generation.engine.clips import Onsets
from generation.engine.kernels import Audio
from generation.engine.render import Cache, Rendered
from generation.recipe import Recipe

AUTO = "auto"
NAMES = ("numba", "torch-cpu", "torch-cuda", "triton")


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
            agreed = accord_of(backend.render)
        except Exception as fault:
            say(f"The backend {name} was passed over: {fault}")
            continue
        if agreed.is_enough:
            return backend
        say(f"The backend {name} was passed over: it agrees with the loops {agreed}.")
    return Loops()


def backend_for(recipe: Recipe, chosen: Backend) -> Backend:
    """The chosen way to render, or the compiled loops where it does not know a processor."""
    return chosen if chosen.knows(recipe) else Loops()
