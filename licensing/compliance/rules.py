"""Takedown notices: which step may follow which, and by when somebody must have done what. Pure.

It refuses to know rows, mails and who the people are. Invariants: only a person's step blocks or
decides; nobody's work is taken down for good before they were asked and had time to answer.
"""

from datetime import datetime, timedelta
from enum import StrEnum

DECIDE_WITHIN = timedelta(days=14)
"""From the notice to its decision: long enough to hear the holders for a week, short enough that
somebody whose voice is used knows within half a month. The claimant is told the day."""
ANSWER_WITHIN = timedelta(days=7)
"""From being asked to being decided against without an answer: a week and its week-end."""
APPEAL_WITHIN = timedelta(days=184)
"""Six months after a notice was upheld a holder may ask, once, that somebody else looks again."""
KEEP_CLAIMANT = timedelta(days=1_096)
"""Three years after the end, in which either side may still go to court, the claimant's name,
address and words are kept; then they are erased. For an upheld notice it counts from the day on
which its hold was released, since until then the words are why something is blocked."""
LONGEST_NAME, LONGEST_STATEMENT, LONGEST_REASONS = 200, 4_000, 2_000


class State(StrEnum):
    """How far a notice is."""

    RECEIVED = "RECEIVED"
    ASKED = "ASKED"
    ACTING = "ACTING"
    UPHELD = "UPHELD"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


class Ground(StrEnum):
    """What of the claimant's own it is said to be."""

    RECORDING = "RECORDING"
    COMPOSITION = "COMPOSITION"
    LIKENESS = "LIKENESS"
    OTHER = "OTHER"


THEIRS = {
    Ground.RECORDING: "their recording",
    Ground.COMPOSITION: "their composition",
    Ground.LIKENESS: "their performance or voice",
    Ground.OTHER: "another right of theirs",
}
"""The grounds as holders read them, who are not the ones that speak."""
UNDECIDED = frozenset({State.RECEIVED, State.ASKED, State.ACTING})
_ENDS = frozenset({State.REJECTED, State.WITHDRAWN})
FOLLOWS: dict[State, frozenset[State]] = {
    State.RECEIVED: _ENDS | {State.ASKED, State.ACTING},
    State.ASKED: _ENDS | {State.ACTING, State.UPHELD},
    State.ACTING: _ENDS | {State.UPHELD},
    State.UPHELD: frozenset(),
    State.REJECTED: frozenset(),
    State.WITHDRAWN: frozenset(),
}
"""What may come next. From the first step nothing is upheld: its holders were not asked yet."""


class ComplianceRefused(Exception):
    """What cannot be done; `code` is stable, the message is for a person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def check_step(before: str, after: str) -> None:
    """Raise ComplianceRefused: `decided`, `not_asked` where holders come first, `odd_step`."""
    if State(after) in FOLLOWS[State(before)]:
        return
    if State(before) not in UNDECIDED:
        raise ComplianceRefused("decided", "This notice is over: it was decided or withdrawn.")
    if State(after) is State.UPHELD:
        raise ComplianceRefused(
            "not_asked", "Ask the holders first: nobody is decided against unheard."
        )
    raise ComplianceRefused("odd_step", "This was done already.")


def check_heard(answer_until: datetime, *, holders: int, answers: int, now: datetime) -> None:
    """Raise ComplianceRefused `time_to_answer` while somebody who was asked still has time."""
    if answers < holders and now < answer_until:
        raise ComplianceRefused(
            "time_to_answer",
            f"Holders may answer until {answer_until:%-d %B %Y, %H:%M} UTC: uphold it after that, "
            "or once all have answered. Block it meanwhile where waiting would do harm.",
        )


def check_words(text: str, what: str, longest: int) -> str:
    """The words without spaces around them. Raises ComplianceRefused: `no_words`, `long_words`."""
    said = text.replace("\x00", "").strip()
    if not said:
        raise ComplianceRefused("no_words", f"Write {what}.")
    if len(said) > longest:
        raise ComplianceRefused("long_words", f"At most {longest} characters for {what}.")
    return said


def is_overdue(state: str, decide_by: datetime, now: datetime) -> bool:
    """Whether a decision was due and was not taken."""
    return State(state) in UNDECIDED and decide_by < now


def check_appeal(state: str, decided_at: datetime | None, now: datetime) -> None:
    """Raise ComplianceRefused: `not_upheld`, or `too_late` after six months."""
    if State(state) is not State.UPHELD or decided_at is None:
        raise ComplianceRefused("not_upheld", "Only a notice that was upheld is looked at again.")
    if now > decided_at + APPEAL_WITHIN:
        raise ComplianceRefused("too_late", "A decision is looked at again within six months.")
