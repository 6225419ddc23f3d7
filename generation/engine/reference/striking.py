"""Notes of "struck/2" in torch: one slice of a stem, tuned by the cent, round in its loop.

Knows one note and one stem. Invariant: where a sample of the note reads follows from its own number
alone, so any cut gives the same bits.
"""

import math

import torch
from torch import Tensor

from generation.engine import struck
from generation.engine.kernels import exp2_of
from generation.engine.reference.arithmetic import DB, raised_cosine
from generation.engine.reference.reading import pick
from generation.recipe import Note


class PlayedVoice:
    """A note of "struck/2". It sounds in [start, end)."""

    def __init__(self, note: Note, stem: Tensor) -> None:
        self._note, self._stem = note, stem
        self._pace, self._round = struck.pace_of(note), struck.round_of(note)
        steps = math.ceil((100 * note.semitones + note.cents) / 100)
        self._weights = torch.from_numpy(struck.weights_of(steps)).to(stem.device)
        self._gain = exp2_of(note.gain_db * DB)
        self.start, self.end = note.start, note.start + struck.size_of(note)

    def sound(self, lo: int, hi: int) -> Tensor:
        """Samples [lo, hi) of the variation, float32 [2, hi - lo], with the note's own fades."""
        note = self._note
        number = torch.arange(lo - note.start, hi - note.start, device=self._stem.device)
        sound = self._looped(number * self._pace)
        level = torch.full_like(number, self._gain, dtype=torch.float64)
        if note.fade_in:
            level *= raised_cosine((number.double() + 0.5) / note.fade_in)
        if note.fade_out:
            left = self.end - note.start - number
            level *= raised_cosine((left.double() - 0.5) / note.fade_out)
        return sound * level.float()

    def _looped(self, place: Tensor) -> Tensor:
        """The slice at places counted from its first sample (int64, 2**-32): [2, n]."""
        first, last, cross = self._round
        edge, turn, begins = last << 32, (last - first) << 32, self._note.slice_start << 32
        place = torch.where(place >= edge, edge - turn + (place - edge) % turn, place)
        sound = self._read(place + begins)
        if self._note.loop is None or not cross:
            return sound
        weight = raised_cosine(1.0 - (edge - place).double() / (cross << 32)).float()
        return sound + (self._read(place + begins - turn) - sound) * weight

    def _read(self, places: Tensor) -> Tensor:
        """The stem at `places` (int64, 2**-32 samples) by windowed sinc, or as it is: [2, n]."""
        if self._pace == struck.UNIT:
            return pick(self._stem, places >> 32)
        part = places & (struck.UNIT - 1)
        row, between = part >> 23, ((part & 8_388_607) * 2.0**-23).float()
        first = (places >> 32) - (struck.TAPS // 2 - 1)
        out = self._stem.new_zeros((2, len(places)))
        for tap in range(struck.TAPS):
            here, following = self._weights[row, tap], self._weights[row + 1, tap]
            out += pick(self._stem, first + tap) * (here + (following - here) * between)
        return out
