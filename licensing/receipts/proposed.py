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

from licensing.four_eyes import PROOF_LASTS, SECOND_FACTORS, SecondFactor
from licensing.ledger.rules import month_of
from licensing.receipts.terms_rules import TermsRefused, check_reason


class Proposed(models.Model):
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
    proposed_by = models.CharField(max_length=100)
    proposed_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    decided_by = models.CharField(max_length=100, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=300, blank=True, default="")
    proof_method = models.CharField(max_length=20, blank=True, default="")
    proved_at = models.DateTimeField(null=True, blank=True)

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
                condition=Q(state="OPEN", decided_at__isnull=True, decided_by="")
                | (
                    Q(state="DROPPED", decided_at__isnull=False)
                    & ~Q(decided_by="")
                    & ~Q(decision="")
                )
                | (
                    Q(state="CARRIED_OUT", proof_method__in=sorted(SECOND_FACTORS))
                    & ~Q(decided_by="")
                    & ~Q(decided_by=F("proposed_by"))
                    & Q(proved_at__lte=F("decided_at"))
                    & Q(proved_at__gte=F("decided_at") - PROOF_LASTS)
                    & Q(decided_at__lt=F("effective_from"))
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
    row.state, row.decided_by, row.decided_at = Proposed.State.CARRIED_OUT, confirmed_by, now
    row.proof_method, row.proved_at = proved.method, proved.at
    row.save()


def mark_dropped(row: Proposed, dropped_by: str, reason: str, now: datetime) -> None:
    """Write down that nothing comes of it, and why. Raises TermsRefused("no_reason")."""
    row.state, row.decided_by, row.decided_at = Proposed.State.DROPPED, dropped_by, now
    row.decision = check_reason(reason)[:300]
    row.save()


def month_text(row: Proposed) -> str:
    """The month it begins with, in words."""
    return f"{month_of(row.effective_from):%B %Y}"
