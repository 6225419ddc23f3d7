"""Somebody outside says that the drums of Tide are theirs."""

from typing import Any

from licensing.compliance import operations
from licensing.compliance.models import Takedown
from tests.licensing import stage as on

DESK, OTHER = ("user", "70"), ("user", "71")
MAIL, WORDS = "dora@example.org", "I played these drums in 1987 and never gave them away."


def told(kind: str, ref: object, now: Any = on.NOON, **more: Any) -> Takedown:
    """A notice about a target, from Dora."""
    said = {
        "ground": "RECORDING",
        "claimant_name": "Dora Lund",
        "claimant_mail": MAIL,
        "statement": WORDS,
        "good_faith": True,
    }
    return operations.receive_takedown(
        target_kind=kind, target_ref=str(ref), now=now, **(said | more)
    )


def block(row: Takedown, now: Any = on.NOON) -> Takedown:
    return operations.block_meanwhile(takedown_id=row.pk, actor=DESK, now=now)


def ask(row: Takedown, now: Any = on.NOON) -> Takedown:
    return operations.ask_holders(takedown_id=row.pk, actor=DESK, now=now)


def decide(
    row: Takedown, now: Any, *, upheld: bool, reasons: str = "As the papers say."
) -> Takedown:
    return operations.decide_takedown(
        takedown_id=row.pk, upheld=upheld, reasons=reasons, actor=DESK, now=now
    )


def answer(row: Takedown, party: Any, now: Any = on.NOON, statement: str = "We did.") -> Any:
    return operations.answer_takedown(
        takedown_id=row.pk, party_id=party.pk, statement=statement, actor=("user", "9"), now=now
    )
