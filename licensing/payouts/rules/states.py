"""What a payout and its run may become, and who may decide it; values only.

Money on its way is two-phase: what is payable goes into a payout, and leaves it again as settled or
back to payable. Invariant: no path leads out of FAILED or DROPPED, so a payout resolves once; what
failed is paid by a new one.
"""

from datetime import datetime, timedelta

from licensing.four_eyes import SecondFactor, check_four_eyes

OPEN, APPROVED, DROPPED = "OPEN", "APPROVED", "DROPPED"
DRAFT, SENT, PAID, FAILED = "DRAFT", "SENT", "PAID", "FAILED"

RUN_STATES = (OPEN, APPROVED, DROPPED)
BECOMES: dict[str, frozenset[str]] = {
    DRAFT: frozenset({APPROVED, DROPPED}),
    APPROVED: frozenset({SENT, FAILED}),
    SENT: frozenset({PAID, FAILED}),
    # A bank may return what it had taken, days after.
    PAID: frozenset({FAILED}),
    FAILED: frozenset(),
    DROPPED: frozenset(),
}
STATES = tuple(BECOMES)
UNFINISHED = (DRAFT, APPROVED, SENT)
"""A payee has at most one payout in these states per currency."""

SEE_AGAIN_AFTER = {APPROVED: timedelta(minutes=5), SENT: timedelta(hours=1)}
"""How long the provider is left alone about a payout; an event asks at once."""


class PayoutRefused(Exception):
    """What cannot be done with a payout; `code` is stable, the message is for a person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def check_move(state: str, to: str) -> None:
    """Raise PayoutRefused("no_such_move") unless a payout in `state` may become `to`."""
    if to not in BECOMES[state]:
        raise PayoutRefused("no_such_move", f"A payout that is {state} never becomes {to}.")


def check_approval(
    *, run_state: str, opened_by: str, approver: str, proof: SecondFactor | None, now: datetime
) -> SecondFactor:
    """The proof under which `approver` may approve a run.

    Raises PayoutRefused: decided, same_person, no_second_factor, or stale_second_factor after five
    minutes.
    """
    if run_state != OPEN:
        raise PayoutRefused("decided", "This run was decided already.")
    return check_four_eyes(
        opened_by,
        approver,
        proof,
        now,
        refused=PayoutRefused,
        sentence="Somebody else than who opened a run approves it.",
    )


def is_to_be_seen(state: str, seen_at: datetime | None, now: datetime) -> bool:
    """Whether the provider is to be asked about a payout again."""
    wait = SEE_AGAIN_AFTER.get(state)
    return wait is not None and (seen_at is None or seen_at + wait <= now)
