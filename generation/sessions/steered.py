"""What a change of a live session says of somebody's taste: more or less than there was.

It knows targets and the operation that takes such a word. It refuses to know pages. Invariants:
each change is a thing said of its own, about what was heard until then; a change that is taken back
takes back what it said; where taste is off nothing is learned.
"""

from collections.abc import Mapping
from typing import Any

from generation.sessions.models import ControlPoint, LiveSession
from generation.taste.operations import critique
from generation.taste.queries import Listener, feedback_on
from generation.taste.rules.attributes import Heard, known_of_targets


def words_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """attribute -> "MORE" or "LESS", for what differs between two sets of targets.

    What was not known before (a tempo left to the composer) can be neither.
    """
    was, becomes = known_of_targets(before), known_of_targets(after)
    return {
        name: "MORE" if becomes[name] > was[name] else "LESS"
        for name in was.keys() & becomes.keys()
        if becomes[name] != was[name]
    }


def tell_taste(
    listener: Listener,
    session: LiveSession,
    before: Mapping[str, Any],
    control: ControlPoint,
    undoes: int | None = None,
) -> None:
    """Take what `control` says against the targets `before`; or take back what `undoes` said."""
    if undoes is not None:
        _take_back(listener, _heard(session, undoes, before), control)
        return
    heard = _heard(session, control.index, before)
    for attribute, said in words_of(before, control.targets).items():
        critique(
            listener=listener, heard=heard, attribute=attribute, said=said, now=control.asked_at
        )


def _take_back(listener: Listener, heard: Heard, control: ControlPoint) -> None:
    for attribute in feedback_on(listener, heard.subject_ref).told:
        critique(listener=listener, heard=heard, attribute=attribute, said="", now=control.asked_at)


def _heard(session: LiveSession, index: int, targets: Mapping[str, Any]) -> Heard:
    """What sounded until change `index`, as far as its targets say."""
    return Heard(f"{session.id}:{index}", known_of_targets(targets), session.mode)
