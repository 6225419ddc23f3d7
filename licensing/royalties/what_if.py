"""What the plays of one line would have earned by the other model, as the close reckoned it.

A close divides by both models and freezes both amounts of every line, so nothing is divided here.
Invariant: the lines of a statement and what stands beside them sum to its what-if, to the micro.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Sum

from licensing.royalties.models import Statement, StatementLine


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One line by both models, micro-units of its currency."""

    model: str
    other_model: str
    paid_micros: int
    other_micros: int
    currency: str

    @property
    def difference_micros(self) -> int:
        """What the other model would have given more (or less, when negative)."""
        return self.other_micros - self.paid_micros


def what_if_of(line_id: UUID) -> WhatIf | None:
    """A line by both models; None where no plays made it, or it was closed before both were kept.

    Raises StatementLine.DoesNotExist.
    """
    line = StatementLine.objects.select_related("statement").get(pk=line_id)
    if line.other_micros is None:
        return None
    statement = line.statement
    return WhatIf(
        model=statement.model,
        other_model=statement.other_model,
        paid_micros=line.amount_micros,
        other_micros=line.other_micros,
        currency=statement.currency,
    )


def beside_lines_of(statement_id: UUID) -> int | None:
    """What of a statement's what-if stands on none of its lines; None for one closed before.

    The other model may give money of this currency to plays that the statement's own model gives
    none of it, because it divides one pot over everything that was played.
    """
    statement = Statement.objects.get(pk=statement_id)
    kept = statement.lines.filter(other_micros__isnull=False)
    if not kept.exists():
        return None if statement.other_model_micros else 0
    on_lines = kept.aggregate(micros=Sum("other_micros"))["micros"]
    return statement.other_model_micros - int(on_lines)
