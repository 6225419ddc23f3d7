"""Asking for a variation whose open targets are chosen by the asker's taste.

It knows which attributes a mode leaves open, and the two operations it joins. Invariant: the
decision and the request stand together or neither does, and one key decides once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from generation.taste.operations import decide_targets, name_subject
from generation.taste.queries import Listener
from generation.taste.rules.attributes import CONTEXTS, from_tempo
from generation.taste.rules.choosing import Bounds
from generation.variations.asking import request_variation
from generation.variations.models import Variation
from generation.variations.rules import Mode

# Taste never asks for a tempo further from a recording's own than recordings may lie apart to be
# mixed: nobody wished for it, so nobody should hear it strained.
TEMPO_RATIO = 1.12
_WHOLE = (-1.0, 1.0)


def chooses_in(mode: Mode) -> bool:
    """Whether taste may choose in this mode: mood, focus and ambient."""
    return mode.value in CONTEXTS


def near(tempi: Sequence[float]) -> tuple[float, float] | None:
    """The tempi that taste may ask for where recordings have `tempi`; None where none has one."""
    return (min(tempi) / TEMPO_RATIO, max(tempi) * TEMPO_RATIO) if tempi else None


def open_bounds(mode: Mode, *, tempo_bpm: tuple[float, float] | None, with_vocals: bool) -> Bounds:
    """What taste may choose within: attribute -> lowest and highest.

    `tempo_bpm`: what may be asked for; None where there is no tempo to ask for.
    """
    bounds = {name: _WHOLE for name in ("energy", "density", "brightness", "valence")}
    if tempo_bpm is not None and mode is not Mode.AMBIENT:
        bounds["tempo"] = (from_tempo(tempo_bpm[0]), from_tempo(tempo_bpm[1]))
    sung = with_vocals and mode is not Mode.FOCUS
    bounds["vocals"] = _WHOLE if sung else (-1.0, -1.0)
    return bounds


@transaction.atomic
def request_by_taste(
    *,
    requester: tuple[str, str],
    key: str,
    mode: str,
    targets: Mapping[str, object],
    bounds: Bounds,
    recordings: Sequence[str],
    seed: int,
    territory: str,
    channel: str,
    now: datetime,
    listener: Listener | None = None,
    without: Sequence[str] = (),
) -> Variation:
    """Ask for a variation with `targets`, and every target in `bounds` chosen by taste.

    `listener`: by whose taste, where it is not the requester's own. Where taste is switched off
    those keep their defaults. Raises RequestRefused as `request_variation` does; nothing was
    decided then.
    """
    decided = decide_targets(
        listener=listener or requester, key=key, context=mode, bounds=bounds, now=now
    )
    chosen = decided.targets if decided else {}
    made = request_variation(
        requester=requester,
        key=key,
        mode=mode,
        targets=chosen | dict(targets),
        recordings=recordings,
        seed=seed,
        territory=territory,
        channel=channel,
        without=without,
        by_taste=decided is not None,
        now=now,
    )
    if decided is not None:
        name_subject(decision=decided.decision, subject_ref=str(made.id))
    return made
