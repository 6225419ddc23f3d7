"""What the mix net sees of stems and is asked: band energies in frames of 100 ms, and a change.

The numbers are those that ingest keeps of every stem, so a net trained on a folder of them is asked
the very same in service. It refuses to know sounds. Invariant: the K-weighted sum over the bands of
a frame is the frame's measured level.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from generation.recipe import Strip

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

ROLES = ("drums", "bass", "keys", "guitar", "vocals", "pad", "strings", "other")
# Hz between the bands (as ingest measures them), and a frequency that stands for each.
EDGES_HZ = (
    117.0, 164.0, 211.0, 305.0, 422.0, 539.0, 680.0, 855.0, 1_078.0, 1_359.0, 1_922.0, 3_000.0,
    6_000.0, 12_000.0,
)  # fmt: skip
CENTERS_HZ = (
    80.0, 140.0, 187.0, 257.0, 362.0, 480.0, 607.0, 761.0, 959.0, 1_215.0, 1_615.0, 2_250.0,
    4_243.0, 8_485.0, 15_000.0,
)  # fmt: skip
BANDS = len(CENTERS_HZ)
FRAME = 4_800
# The descriptors of a mix, in this order; mix_console says how each is read.
DESCRIPTORS = ("centroid", "low share", "dynamics", "width", "drum share", "melody share")
ORIGIN = ("source", "licence", "attribution")
FILE_NAME = "mix_stems.json"
RATE_HZ = 48_000


class BadStems(ValueError):
    """A file of measured stems that cannot be read; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class MixStem:
    """One stem over one section. `energy` float32 [frames, bands]: mean square, channels added;
    `left`: the left channel's part of it, `alike`: how the channels correlate, -1 to 1.
    """

    role: str
    energy: F32
    left: float = 0.5
    alike: float = 1.0

    @property
    def level_db(self) -> float:
        """K-weighted mean square over the section in dB, -120 at least."""
        mean = float((self.energy @ K_WEIGHTS).mean()) if len(self.energy) else 0.0
        return 10.0 * float(np.log10(max(mean, 1e-12)))

    def cut(self, start: int, end: int) -> "MixStem":
        """Frames [start, end) of it."""
        return replace(self, energy=self.energy[start:end])

    def over(self, frames: int) -> "MixStem":
        """As many frames, taken evenly from beginning to end."""
        at = (np.arange(frames) + 0.5) * len(self.energy) / frames
        return replace(self, energy=self.energy[at.astype(np.int64)])


@dataclass(frozen=True, slots=True)
class MixPiece:
    """The stems of one recording, equally many frames each. `split`: "train" or "test"."""

    name: str
    split: str
    stems: tuple[MixStem, ...]


@dataclass(frozen=True, slots=True)
class MixPieces:
    """A file of pieces: whose they are, its SHA-256 and what it holds."""

    source: str
    licence: str
    attribution: str
    sha256: str
    pieces: tuple[MixPiece, ...]

    def of_split(self, split: str) -> list[MixPiece]:
        """Those of "train" or of "test"."""
        return [one for one in self.pieces if one.split == split]


@dataclass(frozen=True, slots=True)
class MixRequest:
    """One section. `shift`: the wanted change of each descriptor in standard deviations, in the
    order of DESCRIPTORS; `reach` and `density` 0 to 1; `room`: seconds and kHz of damping of the
    reverb that the sends go to.
    """

    stems: tuple[MixStem, ...]
    shift: tuple[float, ...]
    reach: float = 1.0
    density: float = 1.0
    room: tuple[float, float] = (1.6, 6.0)

    def __post_init__(self) -> None:
        if len(self.shift) != len(DESCRIPTORS):
            raise ValueError(f"A shift has {len(DESCRIPTORS)} numbers: {', '.join(DESCRIPTORS)}.")
        if not (0.0 <= self.reach <= 1.0 and 0.0 <= self.density <= 1.0):
            raise ValueError("Reach and density lie between 0 and 1.")


@dataclass(frozen=True, slots=True)
class Mixed:
    """The answer: one strip per stem, numbered as in the request; section 0. A stem that is not to
    sound has MUTE_DB.
    """

    strips: tuple[Strip, ...]


def _k_weights() -> F32:
    """Power response of the K filter of ITU-R BS.1770-5 at the bands' frequencies."""
    z = np.exp(-2j * np.pi * np.asarray(CENTERS_HZ) / RATE_HZ)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1.0 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high = (1.0 - 2.0 * z + z**2) / (1.0 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(np.square(np.abs(shelf * high)), np.float32)


K_WEIGHTS = _k_weights()


def stem_of(
    role: str, bands: Mapping[str, Any], spans: Sequence[tuple[int, int]] | None = None
) -> MixStem:
    """The stem over `spans` (samples, half open; None: all of it), one after another.

    `bands`: hop, span, levels_db, shapes_db, left_pct, alike_pct as ingest keeps them. Frames are
    those that begin in a span; what lies outside the stem is silence.
    """
    hop, span = int(bands["hop"]), int(bands["span"])
    levels = 10.0 ** (np.asarray(bands["levels_db"], np.float64) / 10.0)
    levels[np.asarray(bands["levels_db"]) <= -120] = 0.0
    shapes = 10.0 ** (np.asarray(bands["shapes_db"], np.float64).reshape(-1, BANDS) / 10.0)
    shapes /= (shapes @ K_WEIGHTS)[:, None]
    starts = [np.arange(a, max(b, a + 1), FRAME) for a, b in spans or [(0, hop * len(levels))]]
    at = np.concatenate(starts)
    power = np.where(at // hop < len(levels), levels[np.minimum(at // hop, len(levels) - 1)], 0.0)
    row = np.minimum(at // span, len(shapes) - 1)
    energy = (power[:, None] * shapes[row]).astype(np.float32)
    sides = [_mean(np.asarray(bands[one], np.float64)[row], power) for one in SIDES]
    return MixStem(role, energy, sides[0] / 100.0, sides[1] / 100.0)


SIDES = ("left_pct", "alike_pct")


def _mean(values: F64, weights: F64) -> float:
    whole = float(weights.sum())
    return float(values @ weights) / whole if whole > 0.0 else float(values.mean())


def read_pieces(path: Path) -> MixPieces:
    """The pieces in the JSON file `path` (see FILE_NAME).

    Format: `source`, `licence`, `attribution`, `pieces`, each with `name`, `split`, `stems`, each
    with `role` and `bands` (see stem_of). Raises BadStems, FileNotFoundError.
    """
    text = path.read_bytes()
    try:
        data = json.loads(text)
        digest = hashlib.sha256(text).hexdigest()
        source, licence, attribution = (str(data[one]) for one in ORIGIN)
        pieces = tuple(_piece(one) for one in data["pieces"])
        return MixPieces(source, licence, attribution, digest, pieces)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise BadStems(f"{path.name} holds no measured stems that can be read: {error}.") from error


def _piece(data: Mapping[str, Any]) -> MixPiece:
    stems = [stem_of(one["role"], one["bands"]) for one in data["stems"]]
    frames = max(len(one.energy) for one in stems)
    longer = tuple(_lengthened(one, frames) for one in stems)
    return MixPiece(str(data["name"]), str(data["split"]), longer)


def _lengthened(stem: MixStem, frames: int) -> MixStem:
    energy = np.pad(stem.energy, ((0, frames - len(stem.energy)), (0, 0)))
    return MixStem(stem.role, energy, stem.left, stem.alike)
