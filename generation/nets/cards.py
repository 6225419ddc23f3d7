"""The card of a checkpoint: where its weights came from, what they reach, where they fail.

After Mitchell et al., Model Cards for Model Reporting (2019), as plain data. It refuses to know
files and tensors. Invariant: a card that reads is whole: every file of its data has a licence, an
attribution line and a digest, figures stand beside baselines, and its canonical JSON (keys sorted,
no white space, reals rounded to four decimals, as RFC 8785 writes them) is one text.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

_SHA256 = re.compile(r"[0-9a-f]{64}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOST_CPU_S = 1_800.0  # a net that ships is trained anew within half an hour of one core


class CardError(ValueError):
    """A card that is not whole; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of training data. `licence`: an SPDX name or "public domain"; `attribution`: the
    line to print wherever the net is credited; `sha256`: of the file's bytes, in hex.
    """

    name: str
    source: str
    licence: str
    attribution: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Permitted:
    """Audio of a catalog that the weights learned from: the digest of its PCM, and the id of the
    clearance that permitted it to this version.
    """

    digest: str
    clearance: str


@dataclass(frozen=True, slots=True)
class Training:
    """How the weights came about. `plan`: how long and how hard, as the net's code names it;
    `cpu_s`: seconds of CPU that it took; `machine`: on which processor.
    """

    plan: Mapping[str, float]
    cpu_s: float
    machine: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `reach`: what it must reach, None where it is only told; `is_floor`:
    the reach is the least allowed, else the most. `baselines`: name -> what that one reaches.
    """

    name: str
    reached: float
    unit: str = ""
    reach: float | None = None
    is_floor: bool = True
    baselines: Mapping[str, float] | None = None
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the reach is reached; a number that is only told always is."""
        if self.reach is None:
            return True
        return self.reached >= self.reach if self.is_floor else self.reached <= self.reach


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a net's code asks of the figure `name`, whatever a card says."""

    name: str
    reach: float
    is_floor: bool = True


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of one checkpoint.

    `architecture`: name and version of the code that reads the weights; `settings`: what that code
    needs beside them (sizes, temperatures); `split`: how test and training data were parted;
    `limits`: in words, what it does badly and which bias it has; `weights_sha256`: of the weights'
    file; `training`: how they came about; `permitted`: audio of the catalog among the data, empty
    where there was none. A draft (trained, not yet measured) has no figures.
    """

    net: str
    version: int
    architecture: str
    data: tuple[DataFile, ...]
    split: str
    seed: int
    settings: Mapping[str, float | str]
    limits: tuple[str, ...]
    weights_sha256: str = ""
    figures: tuple[Figure, ...] = ()
    training: Training | None = None
    permitted: tuple[Permitted, ...] = ()

    def figure(self, name: str) -> float:
        """What the figure `name` reached; raises CardError where it is not on the card."""
        for one in self.figures:
            if one.name == name:
                return one.reached
        raise CardError(f"The card of {self.net} {self.version} has no figure {name!r}.")


def gated(figures: Sequence[Figure], thresholds: Sequence[Threshold]) -> tuple[Figure, ...]:
    """`figures` with the reach of the threshold of the same name, if there is one."""
    asked = {one.name: one for one in thresholds}
    return tuple(
        replace(one, reach=asked[one.name].reach, is_floor=asked[one.name].is_floor)
        if one.name in asked
        else one
        for one in figures
    )


def missed(figures: Sequence[Figure], thresholds: Sequence[Threshold]) -> list[str]:
    """One phrase for every threshold that no figure reaches, in the order of `thresholds`."""
    found = {one.name: one.reached for one in gated(figures, thresholds)}
    phrases = []
    for one in thresholds:
        sign = ">=" if one.is_floor else "<="
        if one.name not in found:
            phrases.append(f"{one.name} was not measured")
        elif not Figure(one.name, found[one.name], "", one.reach, one.is_floor).is_met:
            phrases.append(f"{one.name} is {found[one.name]:.4g}, not {sign} {one.reach:g}")
    return phrases


def problems(card: Card, *, is_draft: bool = False) -> list[str]:
    """What is missing or wrong, one phrase each; empty when the card is whole."""
    told = [(bool(card.net), "the net's name"), (card.version >= 1, "a version from 1 up")]
    told += [(bool(card.architecture), "an architecture"), (bool(card.data), "any data")]
    told += [(bool(card.split), "how the data was split"), (bool(card.limits), "its limits")]
    told.append((all(one.strip() for one in card.limits), "words for one of its limits"))
    for one in card.data:
        for field in ("name", "source", "licence", "attribution"):
            told.append((bool(getattr(one, field).strip()), f"the {field} of {one.name or 'data'}"))
        told.append((bool(_SHA256.fullmatch(one.sha256)), f"the sha256 of {one.name}"))
    for held in card.permitted:
        told.append((bool(_SHA256.fullmatch(held.digest)), "the digest of permitted audio"))
        told.append((bool(_UUID.fullmatch(held.clearance)), "the clearance of permitted audio"))
    told.append((bool(_SHA256.fullmatch(card.weights_sha256)), "the sha256 of its weights"))
    if not is_draft:
        told.append((bool(card.figures), "figures"))
        told.append((any(one.baselines for one in card.figures), "baselines beside its figures"))
        told += _of_training(card.training)
    told += [(math.isfinite(one.reached), f"a finite {one.name}") for one in card.figures]
    return [phrase for is_there, phrase in told if not is_there]


def _of_training(training: Training | None) -> list[tuple[bool, str]]:
    if training is None:
        return [(False, "how it was trained")]
    return [
        (bool(training.plan), "the plan of its training"),
        (0.0 < training.cpu_s <= MOST_CPU_S, f"a training within {MOST_CPU_S:g} s of CPU"),
        (bool(training.machine.strip()), "the machine it was trained on"),
    ]


def to_json(card: Card) -> str:
    """The canonical JSON of `card`; raises CardError for numbers that are not finite.

    A card without permitted audio is written as it was before there could be any.
    """
    data = asdict(card)
    if not card.permitted:
        del data["permitted"]
    return json.dumps(_plain(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def from_json(text: str, *, is_draft: bool = False) -> Card:
    """The card that `text` describes; raises CardError naming what is missing."""
    try:
        data = json.loads(text)
        card = Card(
            **data
            | {
                "data": tuple(DataFile(**one) for one in data["data"]),
                "figures": tuple(Figure(**one) for one in data["figures"]),
                "limits": tuple(data["limits"]),
                "permitted": tuple(Permitted(**one) for one in data.get("permitted", ())),
                "training": Training(**data["training"]) if data.get("training") else None,
            }
        )
        lacking = problems(card, is_draft=is_draft)
    except KeyError as error:
        raise CardError(f"The card lacks {error.args[0]!r}.") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise CardError(f"The card does not read: {error}.") from error
    if lacking:
        raise CardError(f"The card of {card.net} lacks {'; '.join(lacking)}.")
    return card


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise CardError("A card holds finite numbers only.")
        rounded = round(value, 4)
        return int(rounded) if rounded == int(rounded) else rounded
    return value
