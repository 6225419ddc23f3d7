"""The steps that a device may do in one go, as functions that can be changed for faster ones.

Knows their shapes only; what is plain is here, what is faster gives the same within rounding.
Invariant: every other line of the reference is the same whichever steps are taken.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from generation.engine.reference.gains import tops_of
from generation.engine.reference.reading import read_at
from generation.engine.reference.room import met


@dataclass(frozen=True, slots=True)
class Steps:
    """Three steps, by the names and signatures of their plain forms."""

    read_at: Callable[[Tensor, Tensor, int, int, int, int], Tensor]
    tops_of: Callable[[Tensor], Tensor]
    met: Callable[[Tensor, Tensor], Tensor]


PLAIN = Steps(read_at, tops_of, met)
