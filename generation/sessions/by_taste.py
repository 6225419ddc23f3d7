"""Beginning a session whose open targets are chosen by somebody's taste.

It joins two operations: what taste decides, and the start of a session. It refuses to know rights
and recordings: a tempo is left to whatever recording taste takes first, so that nobody who waits
for a first sound waits for a look into all of them. Invariant: the decision and the session stand
together or neither does, and one key decides once.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from generation.sessions import rules
from generation.sessions.asking import start_session
from generation.sessions.models import LiveSession
from generation.taste.operations import decide_targets, name_subject
from generation.taste.queries import Listener
from generation.taste.rules.attributes import known_of_targets
from generation.taste.rules.choosing import Bounds
from generation.variations.by_taste import open_bounds
from generation.variations.rules import Mode


@transaction.atomic
def start_by_taste(
    *,
    taste_of: Listener,
    key: str,
    mode: str,
    targets: Mapping[str, Any],
    now: datetime,
    **asked: Any,
) -> LiveSession:
    """Begin a session with `targets`, and every other target chosen by the taste of `taste_of`.

    `asked`: what else `start_session` takes. Where taste is switched off the others keep their
    defaults. Raises RequestRefused as `start_session` does; nothing was decided then.
    """
    given = rules.check_opening(mode, targets)
    decided = decide_targets(
        listener=taste_of,
        key=_named(key),
        context=mode,
        bounds=open_in(Mode(mode), given),
        now=now,
    )
    chosen = decided.targets if decided is not None else {}
    session = start_session(
        key=key,
        mode=mode,
        targets=chosen | dict(targets),
        by_taste=decided is not None,
        now=now,
        **asked,
    )
    if decided is not None:
        name_subject(decision=decided.decision, subject_ref=str(session.id))
    return session


def open_in(mode: Mode, targets: Mapping[str, Any]) -> Bounds:
    """What taste may choose within; what is among `targets` stands."""
    open_ones = open_bounds(mode, tempo_bpm=None, with_vocals=True)
    sent = known_of_targets(targets)
    return dict(open_ones) | {name: (value, value) for name, value in sent.items()}


def _named(key: str) -> str:
    """The key of the decision: a variation of the same key is another decision."""
    return hashlib.sha256(f"live {key}".encode()).hexdigest()
