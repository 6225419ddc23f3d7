"""The field of the request form for a sound by an external net: its terms, and words to choose.

Only there where the operator set one up. It refuses to know how nets sound. Invariant: whoever can
choose a word has its licence, what it learned from, and whose its share is before them.
"""

from dataclasses import dataclass

from generation.nets.external.values import WORDS
from generation.serving.outside import ExternalOffer, external_offer
from licensing.attribution.rules import UNATTRIBUTED
from portal.listeners.asking import Wishes, words_wanted

SHARE = (
    f"Its part of what is heard is {UNATTRIBUTED}: it rests on nobody’s stem, so nobody is "
    "credited for it, and the stems share in proportion what it would have earned."
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word that may be chosen."""

    value: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ExternalField:
    """What the form says of it; without `words` where it is refused, with `refusal` then."""

    title: str
    licence: str
    training_data_note: str
    share: str
    words: tuple[Word, ...]
    refusal: str
    errors: tuple[str, ...]


def external_field(wishes: Wishes) -> ExternalField | None:
    """The field for these wishes; None where no external net is set up."""
    offer = external_offer()
    if offer is None:
        return None
    chosen = words_wanted(wishes)
    listed = () if offer.refusal else sorted(WORDS)
    errors = wishes.errors.get("external", "")
    return ExternalField(
        title=offer.title,
        licence=_licence(offer),
        training_data_note=offer.training_data_note,
        share=SHARE,
        words=tuple(Word(word, word in chosen) for word in listed),
        refusal=offer.refusal,
        errors=(errors,) if errors else (),
    )


def external_refusals(wishes: Wishes) -> list[str]:
    """Why no external net is asked for these wishes: one sentence, or none."""
    if not words_wanted(wishes):
        return []
    offer = external_offer()
    if offer is None:
        return ["No model from outside is set up here. Ask without its words."]
    return [offer.refusal] if offer.refusal else []


def _licence(offer: ExternalOffer) -> str:
    free = "free" if offer.commercial_ok else "only on conditions"
    return f"{offer.licence}; commercial use {free}"
