"""The engine's `render` in torch, on a CPU or a CUDA device; many recipes at once where asked.

Knows no rows, files, clock or network. Invariant: what comes out does not depend on the cut or on
which recipes were rendered together.
"""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from generation.engine.checking import check, check_onsets
from generation.engine.clips import Onsets
from generation.engine.dynamics import STEP
from generation.engine.eq import CHUNK, RUN_IN
from generation.engine.kernels import Audio
from generation.engine.reference.desk import Desk
from generation.engine.reference.sources import Sources, knows
from generation.engine.reference.steps import PLAIN, Steps
from generation.engine.reference.tape import Tape
from generation.engine.render import Rendered
from generation.engine.shares import generated_of, generated_sources
from generation.engine.tape import Cache
from generation.recipe import PIECE_SAMPLES, WINDOW_SAMPLES, Recipe, UnknownProcessor

# Samples that are worked out at once: on a CPU what its caches and memory bear, on a device a song.
AT_ONCE = {"cpu": 2 * PIECE_SAMPLES, "cuda": 256 * PIECE_SAMPLES}


def on_device(stem: Audio, device: torch.device) -> Tensor:
    """A stem as a tensor [2, n]; on a CPU it shares the memory, and nobody writes into it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(stem).to(device)


class Jobs:
    """Recipes that are rendered together, each over its own stems (tensors on one device).

    On a processor torch goes on with one thread: it parts long rows among threads, and what is left
    over beside the lanes at the end of a part is rounded otherwise, so three threads and one differ
    in the last bit of a sample in ten thousand.
    """

    def __init__(
        self,
        recipes: Sequence[Recipe],
        stems: Sequence[Mapping[str, Tensor]],
        onsets: Sequence[Mapping[str, Onsets]],
        marks: Sequence[Audio | None],
        device: torch.device,
        steps: Steps = PLAIN,
    ) -> None:
        if device.type == "cpu":
            torch.set_num_threads(1)
        sources = Sources(recipes, stems, onsets, steps)
        self._dry = Tape(sources.sound, CHUNK + RUN_IN, STEP)
        self.desks: list[Desk] = []
        at = 0
        for recipe, mark in zip(recipes, marks, strict=True):
            rows = range(at, at + len(recipe.sources) + len(generated_sources(recipe)))
            plain = {row - at for row in sources.is_plain if row in rows}
            self.desks.append(Desk(recipe, Rows(self._dry, rows), plain, device, mark, steps))
            at = rows.stop


class Rows:
    """Some rows of what all sources play."""

    def __init__(self, dry: Tape, rows: range) -> None:
        self._dry, self._rows = dry, rows

    def __call__(self, lo: int, hi: int) -> Tensor:
        """Samples [lo, hi): float32 [sources, 2, 2, hi - lo]."""
        return self._dry.read(lo, hi)[self._rows.start : self._rows.stop]


class TorchBackend:
    """The torch engine on one device, its steps plain or faster ones under their own `name`."""

    def __init__(self, device: str = "cpu", steps: Steps = PLAIN, name: str = "") -> None:
        self._device, self._steps = torch.device(device), steps
        self._at_once = AT_ONCE[self._device.type]
        self.name = name or f"torch-{self._device.type}"

    def knows(self, recipe: Recipe) -> bool:
        """Whether every clip of the recipe can be played."""
        return all(knows(clip) for clip in recipe.clips)

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
        """As `generation.engine.render.render`, by the same rules; "vocoder/1" is refused."""
        if not 0 <= start <= end <= recipe.length:
            raise ValueError("The range lies outside the recipe.")
        cache = cache if cache is not None else Cache()
        key = (self.name, recipe, None if mark is None else mark.tobytes())
        jobs = cache.desk(key, lambda _gone: self._jobs(recipe, stems, onsets, mark))
        assert isinstance(jobs, Jobs)
        windowed = with_windows and start % WINDOW_SAMPLES == 0
        return self._rendered(jobs.desks[0], recipe, start, end, with_parts, windowed)

    def _jobs(
        self,
        recipe: Recipe,
        stems: Mapping[str, Audio],
        onsets: Mapping[str, Onsets],
        mark: Audio | None,
    ) -> Jobs:
        check(recipe, stems)
        check_onsets(recipe, onsets)
        for clip in recipe.clips:
            if not knows(clip):
                raise UnknownProcessor(f"Torch does not play {clip.processor!r}.")
        held = {s.digest: on_device(stems[s.digest], self._device) for s in recipe.sources}
        return Jobs([recipe], [held], [onsets], [mark], self._device, self._steps)

    def _rendered(
        self, desk: Desk, recipe: Recipe, start: int, end: int, with_parts: bool, windowed: bool
    ) -> Rendered:
        count = len(recipe.sources)
        audio = np.empty((2, end - start), dtype=np.float32)
        parts = np.empty((count, 2, end - start if with_parts else 0), dtype=np.float32)
        tables, notes = [np.empty((0, count))], [np.empty(0)]
        with torch.inference_mode():
            for lo in range(start, end, self._at_once):
                hi = min(end, lo + self._at_once)
                audio[:, lo - start : hi - start] = desk.sound(lo, hi).cpu().numpy()
                if with_parts:
                    parts[:, :, lo - start : hi - start] = desk.parts(lo, hi).cpu().numpy()
                if windowed:
                    table = desk.windows(lo, hi).cpu().numpy()
                    windows = table[:, :count]
                    tables.append(windows)
                    notes.append(generated_of(windows, table[:, count:], desk.owners))
        return Rendered(audio, parts, np.concatenate(tables), np.concatenate(notes))
