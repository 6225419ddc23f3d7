"""What all sources of many recipes play before their consoles, worked out together.

Stretched clips of one frame size are one batch, whichever source or recipe they are of. Knows clips
and stems; strips and mixes are elsewhere. Invariant: a source's sound does not depend on what is
worked out beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from generation.engine.clips import PROCESSORS, Onsets
from generation.engine.kernels import Reals, Samples
from generation.engine.reference.steps import Steps
from generation.engine.reference.stretching import StretchedClip, stretched
from generation.engine.reference.striking import PlayedVoice
from generation.engine.reference.strips import faded
from generation.engine.reference.voices import (
    CloudVoice,
    SliceVoice,
    StruckVoice,
    VerbatimVoice,
    Voice,
)
from generation.engine.shares import generated_sources, is_generated
from generation.engine.spans import spans_of
from generation.engine.stretch import MANNERS
from generation.engine.timemap import TimeMap
from generation.recipe import Clip, Note, Recipe

_NONE: tuple[Samples, Reals] = (np.empty(0, dtype=np.int64), np.empty(0))


@dataclass(frozen=True, slots=True)
class Part:
    """A clip or note of the source in `row`: it sounds in [start, end)."""

    row: int
    start: int
    end: int
    voice: Voice
    clip: Clip | None = None


@dataclass(frozen=True, slots=True)
class Tone:
    """A stretched clip of the source in `row`."""

    row: int
    stretched: StretchedClip


def knows(clip: Clip) -> bool:
    """Whether torch can play the clip: everything but what only the loops can, "vocoder/1"."""
    return clip.processor in PROCESSORS and (clip.processor != "vocoder/1" or not _moves(clip))


def _moves(clip: Clip) -> bool:
    """Whether the clip is anything but its stem's own samples."""
    return clip.semitones != 0 or not TimeMap(clip.anchors).is_plain()


class Sources:
    """All sources of some recipes, rows in the order of the recipes and of their sources.

    After the sources of a recipe come the notes of nets by themselves, of each source that has any.
    """

    def __init__(
        self,
        recipes: Sequence[Recipe],
        stems: Sequence[Mapping[str, Tensor]],
        onsets: Sequence[Mapping[str, Onsets]],
        steps: Steps,
    ) -> None:
        self._steps = steps
        self._parts: list[Part] = []
        self._tones: list[Tone] = []
        self.count = 0
        for recipe, sounds, attacks in zip(recipes, stems, onsets, strict=True):
            for index, source in enumerate(recipe.sources):
                found = attacks.get(source.digest, _NONE)
                self._add(recipe, index, sounds[source.digest], found)
                self.count += 1
            for index in generated_sources(recipe):
                stem = sounds[recipe.sources[index].digest]
                self._add_notes(filter(is_generated, recipe.notes), index, stem)
                self.count += 1
        self.is_plain = {part.row for part in self._parts}

    def _add(self, recipe: Recipe, index: int, stem: Tensor, onsets: Onsets) -> None:
        self._device = stem.device
        spans = spans_of(recipe, index)
        for clip in recipe.clips:
            if clip.source != index or clip.end <= clip.start:
                continue
            if clip.processor in MANNERS and _moves(clip):
                self._tones.append(Tone(self.count, StretchedClip(clip, stem, onsets, spans)))
                continue
            voice = _voice(clip, stem, onsets)
            self._parts.append(Part(self.count, clip.start, clip.end, voice, clip))
        self._add_notes(recipe.notes, index, stem)

    def _add_notes(self, notes: Iterable[Note], index: int, stem: Tensor) -> None:
        for note in notes:
            if note.source == index:
                voice = _voice_of(note, stem)
                self._parts.append(Part(self.count, voice.start, voice.end, voice))

    def sound(self, lo: int, hi: int) -> Tensor:
        """Samples [lo, hi) of all sources: float32 [sources, 2, 2, hi - lo].

        First what is still to be equalized, then what is equalized already; two channels each.
        """
        out = torch.zeros((self.count, 2, 2, hi - lo), device=self._device)
        for part in self._parts:
            a, b = max(lo, part.start), min(hi, part.end)
            if a < b:
                sound = _ramped(part.voice.sound(a, b), part.clip, a, b)
                out[part.row, 0, :, a - lo : b - lo] += sound
        for kind in sorted({_kind(tone) for tone in self._tones}):
            self._stretch(kind, lo, hi, out)
        return out

    def _stretch(self, kind: tuple[str, int], lo: int, hi: int, out: Tensor) -> None:
        """Adds all stretched clips of one processor and frame size."""
        tones, ranges = [], []
        for tone in self._tones:
            clip = tone.stretched.clip
            a, b = max(lo, clip.start), min(hi, clip.end)
            if _kind(tone) == kind and a < b:
                tones.append(tone)
                ranges.append((a, b))
        if not tones:
            return
        sounds = stretched([tone.stretched for tone in tones], ranges, self._steps)
        for tone, (a, b), sound in zip(tones, ranges, sounds, strict=True):
            ramped = _ramped(sound, tone.stretched.clip, a, b)
            out[tone.row, 1, :, a - lo : b - lo] += ramped


def _kind(tone: Tone) -> tuple[str, int]:
    return tone.stretched.clip.processor, tone.stretched.size


def _voice(clip: Clip, stem: Tensor, onsets: Onsets) -> Voice:
    if clip.processor == "granular/1" and clip.grains is not None:
        return CloudVoice(clip, clip.grains, stem)
    if clip.processor == "slices/1" and not TimeMap(clip.anchors).is_plain():
        return SliceVoice(clip, stem, onsets)
    return VerbatimVoice(clip, stem)


def _voice_of(note: Note, stem: Tensor) -> StruckVoice | PlayedVoice:
    return StruckVoice(note, stem) if note.processor == "struck/1" else PlayedVoice(note, stem)


def _ramped(sound: Tensor, clip: Clip | None, lo: int, hi: int) -> Tensor:
    """`sound` with the clip's fades over [lo, hi): raised cosine in amplitude."""
    if clip is None:
        return sound
    if clip.fade_in and lo < clip.start + clip.fade_in:
        sound = sound * faded(lo, hi, clip.start, clip.fade_in, 1, sound.device)
    if clip.fade_out and hi > clip.end - clip.fade_out:
        sound = sound * faded(lo, hi, clip.end - 1, clip.fade_out, -1, sound.device)
    return sound
