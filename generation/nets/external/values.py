"""What external nets take and give: a plan without free text, stems that condition, sound.

It refuses to know models, licences of models, rows and seconds on a clock. Invariant: words come
from one closed list, so nobody can ask for the manner of a person; what comes out is as long as was
asked, finite, and carries UNATTRIBUTED as its share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generation.nets.values import Signature
from licensing.attribution.rules import CONDITIONING_ONLY, UNATTRIBUTED

RATE_HZ = 48_000
SECONDS_AT_MOST = 600.0
WORDS = frozenset(
    (
        *("ambient", "calm", "dark", "dense", "driving", "energetic", "gentle", "bright", "warm"),
        *("sparse", "steady", "soft", "instrumental", "drums", "bass", "keys", "guitar", "strings"),
        *("pad", "percussion", "slow", "fast", "minor", "major"),
    )
)
TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


class ExternalNetError(ValueError):
    """An external net that cannot be opened or asked so; the message is one sentence."""


class Task(StrEnum):
    """What an external net can be asked to make."""

    WORDS = "from words"
    FOLLOW = "after the stems"
    ACCOMPANY = "beside the stems"


@dataclass(frozen=True, slots=True)
class ExternalPlan:
    """What is wanted. `words`: of WORDS, in order of weight; `tempo_bpm`: quarters a minute, 0
    leaves it free. Raises ExternalNetError for another word or a length that is none.
    """

    task: Task
    seconds: float
    words: tuple[str, ...]
    tempo_bpm: float = 0.0
    signature: Signature | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.seconds <= SECONDS_AT_MOST:
            raise ExternalNetError(f"A plan lasts more than 0 and at most {SECONDS_AT_MOST:g} s.")
        strange = [one for one in self.words if one not in WORDS]
        if strange or not self.words:
            raise ExternalNetError(
                f"Words come from a closed list; {', '.join(strange) or 'none'} stands not in it."
            )

    @property
    def samples(self) -> int:
        """Length at RATE_HZ."""
        return round(self.seconds * RATE_HZ)

    @property
    def key(self) -> str | None:
        """Like "A minor"; None where it is free."""
        if self.signature is None:
            return None
        mode = "minor" if self.signature.mode == "min" else "major"
        return f"{TONICS[self.signature.tonic]} {mode}"


@dataclass(frozen=True, slots=True)
class Conditioning:
    """A cleared stem that steers. `audio`: float32 [2, samples] at RATE_HZ."""

    digest: str
    audio: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ExternalSound:
    """What came out: float32 [2, samples] at RATE_HZ. `conditioned_on`: digests of the stems that
    steered it; `share_of`: to whom all of it is attributed, which is nobody.
    """

    audio: NDArray[np.float32]
    net: str
    conditioned_on: tuple[str, ...]
    share_of: str = UNATTRIBUTED
    note: str = CONDITIONING_ONLY


class ExternalNet(Protocol):
    """One external net, opened. Equal plan, stems and seed give equal samples on one machine."""

    @property
    def capabilities(self) -> frozenset[Task]:
        """The tasks that these weights can do."""

    @property
    def licence(self) -> str:
        """Under which the weights may be used."""

    @property
    def commercial_ok(self) -> bool:
        """Whether that licence permits commercial use without a condition."""

    @property
    def training_data_note(self) -> str:
        """What is known of the sound it was trained on."""

    def generate(
        self, plan: ExternalPlan, stems: Sequence[Conditioning], seed: int
    ) -> ExternalSound:
        """Sound for `plan`. Raises ExternalNetError for a task it cannot do."""


def mixed(stems: Sequence[Conditioning], samples: int) -> NDArray[np.float32]:
    """The sum of the stems, cut or filled with silence to `samples`, float32 [2, samples]."""
    together = np.zeros((2, samples), dtype=np.float32)
    for stem in stems:
        length = min(samples, stem.audio.shape[1])
        together[:, :length] += stem.audio[:, :length]
    return together


def checked(
    plan: ExternalPlan, stems: Sequence[Conditioning], can: frozenset[Task], net: str
) -> None:
    """Raises ExternalNetError unless `net` can do what is asked, with stems where it needs them."""
    if plan.task not in can:
        able = ", ".join(sorted(can))
        raise ExternalNetError(f"{net} cannot make sound {plan.task}; these weights can: {able}.")
    if plan.task is not Task.WORDS and not stems:
        raise ExternalNetError(f"Sound {plan.task} needs at least one stem.")


def sound_of(
    audio: NDArray[np.float32], plan: ExternalPlan, stems: Sequence[Conditioning], net: str
) -> ExternalSound:
    """`audio` [2, any] at RATE_HZ as the answer to `plan`, cut or filled up to its length.

    Raises ExternalNetError for samples that are not finite.
    """
    if not np.isfinite(audio).all():
        raise ExternalNetError(f"{net} gave samples that are not finite.")
    whole = np.zeros((2, plan.samples), dtype=np.float32)
    length = min(plan.samples, audio.shape[1])
    whole[:, :length] = audio[:, :length]
    digests = tuple(one.digest for one in stems) if plan.task is not Task.WORDS else ()
    return ExternalSound(whole, net, digests)
