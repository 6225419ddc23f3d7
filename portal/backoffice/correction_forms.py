"""What is typed to correct lines of a statement: which line, and how much more or less.

A line of this statement goes by its number there, one of another payee's by its id.
"""

from typing import Any
from uuid import UUID, uuid4

from django import forms

from licensing.catalog.queries import is_uuid
from licensing.money import MICROS_PER_UNIT
from licensing.royalties.models import PAID, Statement, StatementLine
from portal.backoffice.deeds import ReasonForm

ROWS = 4
_HELP = "A number of the table, or the id of a line of another statement. Below zero takes away."


class CorrectionWidget(forms.MultiWidget):
    """A line and an amount beside each other, each with its name."""

    def __init__(self, number: int) -> None:
        super().__init__(
            [
                forms.TextInput(
                    attrs={"aria-label": f"Line of correction {number}", "class": "half"}
                ),
                forms.NumberInput(
                    attrs={
                        "aria-label": f"Amount of correction {number}",
                        "class": "half",
                        "step": "0.000001",
                    }
                ),
            ]
        )

    def decompress(self, value: Any) -> list[Any]:
        return list(value) if value else [None, None]


class CorrectionField(forms.MultiValueField):
    """(line, micro-units), or None where the row is empty."""

    def __init__(self, number: int) -> None:
        super().__init__(
            fields=[
                forms.CharField(required=False, max_length=36),
                forms.DecimalField(required=False, max_digits=15, decimal_places=6),
            ],
            widget=CorrectionWidget(number),
            label=f"Correction {number}: its line, and the amount",
            help_text=_HELP if number == 1 else "",
            required=False,
            require_all_fields=False,
        )

    def compress(self, data_list: list[Any]) -> tuple[str, int] | None:
        if not data_list or not any(data_list):
            return None
        line, amount = data_list
        if not line or not amount:
            raise forms.ValidationError("Write both: the line, and an amount that is not zero.")
        return line, int(amount * MICROS_PER_UNIT)


class AdjustmentForm(ReasonForm):
    """Up to ROWS corrections and why; `statement` is the one it is opened on."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, statement: Statement, data: Any = None) -> None:
        super().__init__(data)
        self.statement = statement
        rows = [f"correction_{number}" for number in range(1, ROWS + 1)]
        for number, name in enumerate(rows, 1):
            self.fields[name] = CorrectionField(number)
        self.order_fields(["key", *rows, "reason"])
        self.rows = rows

    def clean(self) -> dict[str, Any]:
        """`corrections`: micro-units by the id of the line."""
        data = super().clean() or {}
        found: dict[UUID, int] = {}
        for name in self.rows:
            row = data.get(name)
            if row is None:
                continue
            line = _line(self.statement, row[0])
            if line is None:
                self.add_error(name, "No line has this number here, nor this id anywhere.")
            elif line.pk in found:
                self.add_error(name, "This line is corrected above already.")
            else:
                found[line.pk] = row[1]
        if not found and not self.errors:
            self.add_error(self.rows[0], "Write at least one line and an amount.")
        return data | {"corrections": found}


def _line(statement: Statement, text: str) -> StatementLine | None:
    """A line of the first version of this statement by number, or any by id."""
    lines = StatementLine.objects.filter(kind__in=PAID)
    if text.isdecimal():
        same = {
            name: getattr(statement, name)
            for name in ("period_id", "payee_kind", "payee_ref", "currency")
        }
        first = Statement.objects.filter(version=1, **same)
        return lines.filter(statement__in=first, position=int(text)).first()
    return lines.filter(pk=text).first() if is_uuid(text) else None


class RestatementForm(ReasonForm):
    """Why a statement is told anew."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
