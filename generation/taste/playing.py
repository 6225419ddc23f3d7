"""Plays teach taste, where a listener agreed to that: one weak observation per thing heard.

Who heard what how long is told from above. Invariants: without agreement, and where the switch is
off, nothing is learned; the newest play of a thing counts, and none where a verdict was said of it;
when the agreement ends, what plays taught is taken out again to the last number.
"""

from datetime import datetime

from django.db import transaction

from generation.taste.keeping import belief_of, keep_belief, locked_row, note_deed
from generation.taste.models import Decision, Ended, Feedback, PlayHeard, Taste
from generation.taste.queries import Listener, of
from generation.taste.rules import model, playing
from generation.taste.rules.attributes import Heard
from generation.taste.rules.model import Belief


@transaction.atomic
def learn_play(*, listener: Listener, heard: Heard, ended: str, now: datetime) -> bool:
    """Take how a play ended ("OUT" or "LEFT") in the place of an earlier one of the same thing.

    False: the listener did not agree, switched taste off, or said outright what they think of it.
    """
    if ended not in (Ended.OUT, Ended.LEFT):
        raise ValueError("A play ended OUT or LEFT, or says nothing.")
    row = locked_row(listener, now)
    if not (row.is_on and row.learns_plays) or _is_judged(listener, heard.subject_ref):
        return False
    mine = PlayHeard.objects.filter(**of(listener), subject_ref=heard.subject_ref)
    if mine.filter(ended=ended).exists():
        return True
    belief = unlearned(row, belief_of(row), heard.subject_ref)
    PlayHeard.objects.create(
        **of(listener),
        subject_ref=heard.subject_ref,
        ended=ended,
        known=dict(heard.known),
        context=heard.context,
        propensity=_propensity(listener, heard.subject_ref),
        heard_at=now,
    )
    row.observations += 1
    said = playing.observation(heard.known, heard.context, ended)
    keep_belief(row, model.observed(belief, said), now)
    return True


@transaction.atomic
def let_plays_teach(*, listener: Listener, agrees: bool, now: datetime) -> None:
    """Agree that plays teach one's taste, or end that: then what they taught is forgotten."""
    row = locked_row(listener, now)
    if row.learns_plays == agrees:
        return
    row.learns_plays, row.plays_since = agrees, now if agrees else None
    belief = belief_of(row)
    if not agrees:
        for subject in PlayHeard.objects.filter(**of(listener)).values_list("subject_ref"):
            belief = unlearned(row, belief, subject[0])
    keep_belief(row, belief, now)
    note_deed(listener, "let_plays_teach", {"agrees": agrees}, now)


def unlearned(row: Taste, belief: Belief, subject_ref: str) -> Belief:
    """`belief` without what a play of this thing had taught, whose row goes; `row` is locked."""
    listener = (row.listener_kind, row.listener_ref)
    play = PlayHeard.objects.filter(**of(listener), subject_ref=subject_ref).first()
    if play is None:
        return belief
    said = playing.observation(play.known, play.context, play.ended)
    play.delete()
    row.observations -= 1
    return model.observed(belief, model.taken_out(said))


def _is_judged(listener: Listener, subject_ref: str) -> bool:
    told = Feedback.objects.filter(**of(listener), subject_ref=subject_ref)
    return told.filter(attribute="").exists()


def _propensity(listener: Listener, subject_ref: str) -> float | None:
    """The chance that taste had given to what it chose here; None where it chose nothing."""
    chose = Decision.objects.filter(**of(listener), subject_ref=subject_ref)
    found: float | None = chose.values_list("propensity", flat=True).first()
    return found
