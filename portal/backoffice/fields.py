"""What people type at the desk about money, brought to the values of the rooms below.

Payees by name or id, amounts in units with six places, shares in percent; each says in one sentence
what it did not understand.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms

from licensing.catalog.models import Party, Share
from licensing.catalog.queries import is_uuid
from licensing.catalog.societies import find_society
from licensing.deductions.accounts import Payee
from licensing.deductions.rules.parts import PPM
from licensing.money import MICROS_PER_UNIT
from portal.artists.words import percent_ppm


class PayeeField(forms.CharField):
    """A party by its id or its whole name, or a society as it stands on split sheets."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", "Payee: a party's name or id, or a society")
        kwargs.setdefault("error_messages", {"required": "Write whose money it is."})
        super().__init__(max_length=200, **kwargs)

    def clean(self, value: Any) -> Payee | None:
        text = super().clean(value)
        return payee_of(text) if text else None


def payee_of(text: str) -> Payee:
    """(kind, ref) of who is meant; ValidationError for nobody, or for several of one name."""
    if is_uuid(text) and Party.objects.filter(pk=text).exists():
        return ("party", str(UUID(text)))
    named = list(Party.objects.filter(name__iexact=text).values_list("pk", flat=True)[:2])
    if len(named) > 1:
        raise forms.ValidationError("Several parties have this name: write the id of one.")
    if named:
        return ("party", str(named[0]))
    # As it stands on a sheet, also where an old one wrote it in another way than it is written now.
    if Share.objects.filter(administered_by="SOCIETY", administrator=text).exists():
        return ("society", text)
    society = find_society(text)
    if society is not None:
        return ("society", society.name)
    raise forms.ValidationError("Nobody has this name or id. Look it up under Parties.")


class MicrosField(forms.DecimalField):
    """An amount above nothing, in units of its currency with up to six places, as micro-units."""

    def __init__(self, **kwargs: Any) -> None:
        smallest = Decimal(1) / MICROS_PER_UNIT
        super().__init__(max_digits=15, decimal_places=6, min_value=smallest, **kwargs)

    def clean(self, value: Any) -> int | None:
        amount = super().clean(value)
        return None if amount is None else int(amount * MICROS_PER_UNIT)


class PercentField(forms.CharField):
    """A share in percent with up to four places, as parts per million.

    Above nothing, unless `is_zero_one` says that none at all is a share too.
    """

    def __init__(self, *, is_zero_one: bool = False, **kwargs: Any) -> None:
        self.least = 0 if is_zero_one else 1
        super().__init__(**kwargs)

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            ppm = percent_ppm(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        if not self.least <= ppm <= PPM:
            words = "above 0 and" if self.least else "of"
            raise forms.ValidationError(f"Write a share {words} at most 100 percent.")
        return ppm


class RowField(forms.UUIDField):
    """The id of a row of one kind, as the row."""

    def __init__(self, rows: Any, **kwargs: Any) -> None:
        self.rows = rows
        kwargs.setdefault("error_messages", {"invalid": "Write its id, as its page shows it."})
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        ref = super().clean(value)
        if ref is None:
            return None
        row = self.rows.filter(pk=ref).first()
        if row is None:
            raise forms.ValidationError("Nothing of this kind has this id.")
        return row
