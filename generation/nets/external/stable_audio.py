"""Stable Audio Open as an external net, through diffusers' `StableAudioPipeline`.

It is asked in words; following stems begins its diffusion at their sound. Its own rate is 44.1 kHz,
so stems are resampled on the way in and sound on the way out (soxr, best quality). Invariant: all
chance comes from the seed.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import soxr
import torch
from numpy.typing import NDArray

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

STEPS = 100


class StableAudio:
    """An opened pipeline."""

    def __init__(self, terms: Terms, pipeline: Any, steps: int = STEPS) -> None:
        self.licence, self.commercial_ok = terms.licence, terms.commercial_ok
        self.training_data_note, self._title = terms.training_data_note, terms.title
        self._pipeline, self._steps = pipeline, steps
        self._rate_hz = int(pipeline.vae.config.sampling_rate)

    @property
    def capabilities(self) -> frozenset[Task]:
        """It has no task of playing beside something."""
        return frozenset({Task.WORDS, Task.FOLLOW})

    def generate(
        self, plan: ExternalPlan, stems: Sequence[Conditioning], seed: int
    ) -> ExternalSound:
        """Sound for `plan`; raises ExternalNetError beyond the length its weights know."""
        checked(plan, stems, self.capabilities, self._title)
        longest = self._pipeline.transformer.config.sample_size * self._pipeline.vae.hop_length
        if plan.seconds * self._rate_hz > longest:
            raise ExternalNetError(
                f"{self._title} makes at most {longest / self._rate_hz:.1f} s at once."
            )
        asked: dict[str, Any] = {}
        if plan.task is Task.FOLLOW:
            begun = _resampled(mixed(stems, plan.samples), RATE_HZ, self._rate_hz)
            asked["initial_audio_waveforms"] = torch.from_numpy(begun)[None]
            asked["initial_audio_sampling_rate"] = self._rate_hz
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            audio = self._pipeline(
                prompt=_prompt(plan),
                audio_end_in_s=plan.seconds,
                num_inference_steps=self._steps,
                generator=torch.Generator().manual_seed(seed),
                **asked,
            ).audios[0]
        found = _resampled(audio.float().cpu().numpy(), self._rate_hz, RATE_HZ)
        return sound_of(found, plan, stems, self._title)


def _prompt(plan: ExternalPlan) -> str:
    told = [*plan.words]
    if plan.tempo_bpm:
        told.append(f"{plan.tempo_bpm:.0f} BPM")
    if plan.key is not None:
        told.append(plan.key)
    return ", ".join(told)


def _resampled(audio: NDArray[np.float32], rate_hz: int, wanted_hz: int) -> NDArray[np.float32]:
    """[2, samples] at another rate, float32."""
    turned = np.ascontiguousarray(audio.T, dtype=np.float32)
    found = soxr.resample(turned, rate_hz, wanted_hz, quality="VHQ")
    return np.ascontiguousarray(found.T, dtype=np.float32)
