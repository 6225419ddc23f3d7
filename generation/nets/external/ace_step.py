"""ACE-Step 1.5 as an external net, through diffusers' `AceStepPipeline`.

It is asked in words, tempo and key; following stems is its task "cover", playing beside them its
task "complete", which distilled ("turbo") weights cannot do. Invariant: all chance comes from the
seed: its encoder draws from torch's global numbers, so these are set for the call and put back.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from generation.nets.external.admission import Terms
from generation.nets.external.values import (
    RATE_HZ,
    Conditioning,
    ExternalNetError,
    ExternalPlan,
    ExternalSound,
    Task,
    checked,
    mixed,
    sound_of,
)

STEPS, TURBO_STEPS = 27, 8
_TASKS = {Task.WORDS: "text2music", Task.FOLLOW: "cover", Task.ACCOMPANY: "complete"}
_PARTS = ("drums", "bass", "keys", "guitar", "strings", "percussion")


class AceStep:
    """An opened pipeline. Raises ExternalNetError where its sound is not at 48 kHz."""

    def __init__(self, terms: Terms, pipeline: Any, steps: int | None = None) -> None:
        if pipeline.sample_rate != RATE_HZ:
            raise ExternalNetError(f"{terms.title} makes sound at 48 kHz; these weights do not.")
        self.licence, self.commercial_ok = terms.licence, terms.commercial_ok
        self.training_data_note, self._title = terms.training_data_note, terms.title
        self._pipeline = pipeline
        self._steps = steps or (TURBO_STEPS if pipeline.is_turbo else STEPS)

    @property
    def capabilities(self) -> frozenset[Task]:
        """By what the weights bring: a tokenizer of sound to follow, no distillation to add."""
        able = {Task.WORDS}
        if self._pipeline.audio_tokenizer is not None:
            able.add(Task.FOLLOW)
        if not self._pipeline.is_turbo:
            able.add(Task.ACCOMPANY)
        return frozenset(able)

    def generate(
        self, plan: ExternalPlan, stems: Sequence[Conditioning], seed: int
    ) -> ExternalSound:
        """Sound for `plan`, instrumental, at its own length or the stems' cut to it."""
        checked(plan, stems, self.capabilities, self._title)
        asked: dict[str, Any] = {}
        if plan.task is not Task.WORDS:
            asked["src_audio"] = torch.from_numpy(mixed(stems, plan.samples))
        if plan.task is Task.ACCOMPANY:
            asked["complete_track_classes"] = [one for one in plan.words if one in _PARTS] or None
        if plan.signature is not None:
            asked["timesignature"] = str(plan.signature.meter[0])
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            audio = self._pipeline(
                prompt=", ".join(plan.words),
                lyrics="[Instrumental]",
                vocal_language="unknown",
                audio_duration=plan.seconds,
                num_inference_steps=self._steps,
                generator=torch.Generator().manual_seed(seed),
                bpm=round(plan.tempo_bpm) or None,
                keyscale=plan.key,
                task_type=_TASKS[plan.task],
                **asked,
            ).audios[0]
        found = np.ascontiguousarray(audio.float().cpu().numpy(), dtype=np.float32)
        return sound_of(found, plan, stems, self._title)
