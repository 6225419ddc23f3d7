"""Checkpoints: weights as safetensors, a card of the same name beside them, and the way to both.

FOLDER/NET/VERSION.safetensors and FOLDER/NET/VERSION.json; RELEASED is the folder that ships. It
knows digests and cards, and refuses to know what the tensors mean. Invariant: `load` returns a
checkpoint only with a whole card, the digest that the card names, an architecture that is known
here, and every threshold that the net's code asks for; drafts are read by `load_draft` alone.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as tensor_bytes

from generation.nets import cards, registry
from generation.nets.cards import Card

RELEASED = Path(__file__).parent / "released"
Tensors = Mapping[str, NDArray[np.generic]]


class CheckpointError(ValueError):
    """A checkpoint that does not load; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A card and its tensors. Fresh from training the card's `weights_sha256` is empty."""

    card: Card
    tensors: Tensors


def path_of(folder: Path, net: str, version: int) -> Path:
    """Where the weights of that version lie in `folder`; the card has the suffix .json."""
    return folder / net / f"{version}.safetensors"


def versions(net: str, folder: Path = RELEASED) -> list[int]:
    """The versions of `net` that lie in `folder`, oldest first."""
    return sorted(int(one.stem) for one in (folder / net).glob("*.safetensors"))


def save(checkpoint: Checkpoint, folder: Path) -> Path:
    """Writes weights and card; returns the path of the weights. The digest goes into the card."""
    card = checkpoint.card
    written = tensor_bytes(
        {name: np.ascontiguousarray(t) for name, t in checkpoint.tensors.items()}
    )
    digest = hashlib.sha256(written).hexdigest()
    path = path_of(folder, card.net, card.version)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written)
    path.with_suffix(".json").write_text(
        cards.to_json(replace(card, weights_sha256=digest)), encoding="utf-8"
    )
    return path


def load(path: Path) -> Checkpoint:
    """The released checkpoint at `path`.

    Raises CheckpointError: no file, no card or one that is not whole, another digest, a net or an
    architecture that is unknown here, or a figure under its threshold.
    """
    checkpoint = _read(path, is_draft=False)
    card = checkpoint.card
    fallen = cards.missed(card.figures, registry.find(card.net).thresholds)
    if fallen:
        raise CheckpointError(f"{_named(card)} is below its thresholds: {'; '.join(fallen)}.")
    return checkpoint


def read_card(path: Path) -> Card:
    """The released card of the weights at `path`, whole, and theirs by its digest.

    No net's code is asked, so nothing heavy is loaded: figures are held against the reaches on the
    card alone. Raises CheckpointError as `load` does.
    """
    card, _ = _card_and_weights(path, is_draft=False)
    fallen = [one.name for one in card.figures if not one.is_met]
    if fallen:
        raise CheckpointError(f"{_named(card)} is below its thresholds: {'; '.join(fallen)}.")
    return card


def load_draft(path: Path) -> Checkpoint:
    """The checkpoint at `path`, measured or not; raises as `load` does, but for its figures."""
    return _read(path, is_draft=True)


def newest(net: str, folder: Path = RELEASED) -> Checkpoint:
    """The newest released version of `net`; raises CheckpointError where there is none."""
    found = versions(net, folder)
    if not found:
        raise CheckpointError(f"No version of the {net} net lies in {folder.name}.")
    return load(path_of(folder, net, found[-1]))


def serving(checkpoint: Checkpoint) -> Any:
    """What runs: the net's own object, made of the checkpoint."""
    return registry.find(checkpoint.card.net).load(checkpoint)


def _read(path: Path, *, is_draft: bool) -> Checkpoint:
    card, written = _card_and_weights(path, is_draft=is_draft)
    try:
        known = registry.find(card.net).architecture
    except registry.UnknownNet as error:
        raise CheckpointError(str(error)) from error
    if card.architecture != known:
        raise CheckpointError(f"{_named(card)} is a {card.architecture}; this reads {known}.")
    try:
        return Checkpoint(card, read_tensors(written))
    except SafetensorError as error:
        raise CheckpointError(f"The weights of {_named(card)} do not read: {error}.") from error


def _card_and_weights(path: Path, *, is_draft: bool) -> tuple[Card, bytes]:
    written = _bytes(path, "weights")
    try:
        text = _bytes(path.with_suffix(".json"), "card").decode()
        card = cards.from_json(text, is_draft=is_draft)
    except (cards.CardError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path.name} does not load: {error}") from error
    if hashlib.sha256(written).hexdigest() != card.weights_sha256:
        raise CheckpointError(f"The weights of {_named(card)} are not those that its card names.")
    return card, written


def _bytes(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"There is no {what} {path.name} in {path.parent}.") from None


def _named(card: Card) -> str:
    return f"{card.net} {card.version}"
