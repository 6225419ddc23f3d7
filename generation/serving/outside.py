"""The external net that this installation's settings name, and what keeps it from being opened.

Nothing is loaded, so faces ask as well. Invariant: what may not be opened here is never asked for.
"""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from generation.nets.external.admission import KNOWN, condition_on_use, problems

NONE_SET = "No external net is set up here."


def external_folder() -> Path | None:
    """The folder of its weights; None where none is set."""
    return Path(settings.EXTERNAL_NET_DIR) if settings.EXTERNAL_NET_DIR else None


def external_problems() -> list[str]:
    """Why the external net cannot be opened, a sentence each; empty: it can."""
    if not settings.EXTERNAL_NET:
        return [NONE_SET]
    name, is_commercial = settings.EXTERNAL_NET, settings.COMMERCIAL
    return problems(name, external_folder(), is_commercial=is_commercial)


@dataclass(frozen=True, slots=True)
class ExternalOffer:
    """The external net of this installation, as people who may ask for it are told.

    `refusal`: why it cannot be asked for, one sentence without paths and packages; "" where it can.
    """

    title: str
    licence: str
    commercial_ok: bool
    training_data_note: str
    refusal: str


def external_offer() -> ExternalOffer | None:
    """What is set up here, with its terms; None where nothing is that there is."""
    terms = KNOWN.get(settings.EXTERNAL_NET)
    if terms is None:
        return None
    refusal = condition_on_use(terms, is_commercial=settings.COMMERCIAL)
    if not refusal and external_problems():
        refusal = f"{terms.title} is set up here, but its operator has not finished that yet."
    return ExternalOffer(
        terms.title, terms.licence, terms.commercial_ok, terms.training_data_note, refusal
    )
