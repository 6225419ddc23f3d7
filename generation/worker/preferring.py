"""Which recording comes first in what was asked for by taste, a variation or a live session.

It brings what was measured in recordings into what can be liked of them. It refuses to choose.
Invariant: what was asked by hand has no preference, and what a recording would become is told from
measurements and wishes alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from generation.sessions.heard import heard_lately
from generation.sessions.models import LiveSession
from generation.taste.preferring import Offer, prefer_recording, who_asked_by_taste
from generation.taste.queries import Listener
from generation.taste.rules.attributes import from_share, from_tempo, known_of_targets
from generation.variations import choosing
from generation.variations.choosing import Candidate
from generation.variations.heard import heard_before
from generation.variations.models import Variation
from generation.variations.rules import Mode
from generation.worker.loop import Clock
from generation.worker.material import Heard, Preference

_SILENCE_LUFS = -70.0


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be made for a listener: its name, mode and targets, and what they heard before;
    None for one who asked through somebody else.
    """

    subject_ref: str
    mode: Mode
    targets: Mapping[str, Any]
    heard_before: Callable[[], set[UUID] | None]


def preference_for(variation: Variation, clock: Clock) -> Preference | None:
    """How to prefer one of several recordings for it; None where it was asked by hand."""
    listener = who_asked_by_taste(str(variation.id))
    if listener is None:
        return None
    request = variation.request
    before = partial(_heard_before, variation, listener)
    wanted = _Wanted(str(variation.id), Mode(request.mode), request.targets, before)
    return partial(_preferred, wanted, listener, clock)


def preference_in(session: LiveSession, clock: Clock) -> Preference | None:
    """How to prefer one of several recordings for a session; None where it was begun by hand."""
    listener = who_asked_by_taste(str(session.id))
    if listener is None:
        return None
    before = partial(heard_lately, session, listener)
    wanted = _Wanted(str(session.id), Mode(session.mode), session.targets, before)
    return partial(_preferred, wanted, listener, clock)


def _preferred(
    wanted: _Wanted,
    listener: Listener,
    clock: Clock,
    among: Sequence[Candidate],
    heard: Heard,
) -> str | None:
    before = wanted.heard_before() if len(among) > 1 else None
    return prefer_recording(
        listener=listener,
        subject_ref=wanted.subject_ref,
        context=wanted.mode.value,
        offers=[
            Offer(one.recording, _known(one, wanted.mode, wanted.targets, heard, before))
            for one in among
        ],
        now=clock(),
    )


def _heard_before(variation: Variation, listener: Listener) -> set[UUID] | None:
    request = variation.request
    asked = (request.requester_kind, request.requester_ref)
    return heard_before(variation.id, listener) if listener == asked else None


def _known(
    one: Candidate, mode: Mode, targets: Mapping[str, Any], heard: Heard, before: set[UUID] | None
) -> dict[str, float]:
    """Attributes of what this recording would become: as was wished, else as it is."""
    known = known_of_targets(targets)
    if "tempo" not in known and one.tempo_bpm and mode is not Mode.AMBIENT:
        known["tempo"] = from_tempo(one.tempo_bpm)
    powers = [
        (role, _power(heard, UUID(stem)))
        for stem, role in choosing.wanted_stems(one, mode, bool(targets["vocals"]))
    ]
    whole = sum(power for _, power in powers) or 1.0
    for name in ("vocals", "drums"):
        known[name] = from_share(sum(power for role, power in powers if role == name) / whole)
    if before is not None:
        known["novelty"] = -1.0 if UUID(one.recording) in before else 1.0
    return known


def _power(heard: Heard, stem: UUID) -> float:
    """What a stem has of the loudness of its recording, before anything is mixed."""
    loudness = heard.alone[stem].loudness_lufs
    return 10.0 ** (loudness / 10.0) if loudness is not None and loudness > _SILENCE_LUFS else 0.0
