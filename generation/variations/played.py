"""What a believed report of a play says of its listener's taste, where they agreed to that.

It joins what was heard under a token with what is known of the variation. It refuses to know
players and pages. Invariant: nothing but reports that were believed is read, and of a listener who
did not agree not even these.
"""

from datetime import datetime

from generation.taste import queries
from generation.taste.playing import learn_play
from generation.taste.rules import playing
from generation.variations.heard import heard
from generation.variations.models import Variation
from licensing.royalties.hearing import Hearing, heard_under, left_for, listener_under

_VARIATION = "variation"


def learn_of_play(*, token_text: str, now: datetime) -> None:
    """Learn from what is heard under this token by now, and from what was left for it.

    To be called after a report that was believed; a token that is none of ours says nothing.
    """
    listener = listener_under(token_text)
    if listener is None or not queries.learns_plays(listener):
        return
    told = heard_under(token_text)
    if playing.is_heard_out(told.ms, told.duration_ms):
        _learn(told, playing.OUT, now)
    if told.reports != 1:
        return
    before = left_for(token_text)
    if before is None or before.is_cut or before.subject == told.subject:
        return
    if playing.is_left(before.ms, before.duration_ms):
        _learn(before, playing.LEFT, now)


def _learn(told: Hearing, ended: str, now: datetime) -> None:
    kind, ref = told.subject
    if kind != _VARIATION:
        return
    try:
        what = heard(ref, told.listener)
    except Variation.DoesNotExist:
        return
    learn_play(listener=told.listener, heard=what, ended=ended, now=now)
