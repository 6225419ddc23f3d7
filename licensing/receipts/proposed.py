"""What one person proposes for a coming month and another sets: rows, and how they are decided.

It refuses to know what is proposed. Invariants, kept by the database: what was proposed never
changes and is decided once; what is set was proposed by one person and confirmed by another, with a
second factor shown just before, and begins with a month that had not begun.
"""

import uuid
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from licensing.four_eyes import SecondFactor
from licensing.ledger.rules import month_of
from licensing.receipts.terms_rules import TermsRefused, check_reason
from licensing.two_people import TwoPeople, decide, four_eyes


class Proposed(TwoPeople):
    """How something is to be from a moment on, and who proposed and decided it.

    `decision` says why one was dropped. Personal data: the references of both people.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "waits for a second person"
        CARRIED_OUT = "CARRIED_OUT", "set"
        DROPPED = "DROPPED", "dropped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    product = models.CharField(max_length=40)
    effective_from = models.DateTimeField()
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    decision = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason="")
                & ~Q(proposed_by="")
                & Q(effective_from__gt=F("proposed_at")),
                name="%(class)s_is_for_later",
            ),
            models.CheckConstraint(
                condition=four_eyes(
                    "CARRIED_OUT",
                    why_dropped="decision",
                    when_done=Q(decided_at__lt=F("effective_from")),
                ),
                name="%(class)s_has_four_eyes",
            ),
        ]


GUARD = """
CREATE TRIGGER guard_row BEFORE UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION receipts_guard_proposal({became});
CREATE TRIGGER refuse_delete BEFORE DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE DELETE, TRUNCATE ON {table} FROM stemma_app;
"""
"""For migrations: a table of what is Proposed, and the column of what it became, in quotes."""
UNGUARD = """
DROP TRIGGER guard_row ON {table};
DROP TRIGGER refuse_delete ON {table};
DROP TRIGGER refuse_truncate ON {table};
GRANT DELETE ON {table} TO stemma_app;
"""

Row = TypeVar("Row", bound=Proposed)


def hold_open(model: type[Row], proposal_id: UUID) -> Row:
    """A proposal that waits, held until this transaction ends. Raises TermsRefused("decided")."""
    row: Row = model._default_manager.select_for_update().get(pk=proposal_id)
    if row.state != Proposed.State.OPEN:
        raise TermsRefused("decided", "This was decided already.")
    return row


def mark_set(row: Proposed, confirmed_by: str, proved: SecondFactor, now: datetime) -> None:
    """Write down that it was set, by whom and under which proof."""
    decide(row, state=Proposed.State.CARRIED_OUT, by=confirmed_by, now=now, proved=proved)


def mark_dropped(row: Proposed, dropped_by: str, reason: str, now: datetime) -> None:
    """Write down that nothing comes of it, and why. Raises TermsRefused("no_reason")."""
    row.decision = check_reason(reason)[:300]
    decide(row, state=Proposed.State.DROPPED, by=dropped_by, now=now)


def month_text(row: Proposed) -> str:
    """The month it begins with, in words."""
    return f"{month_of(row.effective_from):%B %Y}"
