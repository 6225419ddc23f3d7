"""How a division among any number of payees is typed at the desk, and how it is said.

A line per payee, as rows come out of a spreadsheet: the payee, then a semicolon or a tab, then the
share in percent. Without shares it is divided equally.
"""

import re
from collections.abc import Sequence
from typing import Any

from django import forms

from licensing.catalog.queries import names_of_parties
from licensing.deductions.accounts import Payee
from licensing.deductions.rules.awards import Awarded, check_awards, equal_shares
from licensing.deductions.rules.parts import PPM
from licensing.deductions.rules.refusals import DeductionRefused
from portal.artists.words import percent, percent_ppm
from portal.backoffice.fields import payee_of

_BETWEEN = re.compile(r"\s*[;\t]\s*")
_LONGEST = 20_000


class AwardsField(forms.CharField):
    """Lines of payees and shares as awards; empty is none, which gives back what is held."""

    def __init__(self) -> None:
        super().__init__(
            label="Who gets it, a line each: payee; percent",
            help_text="A party's name or id, or a society, then its share, as in “Ben; 33.3333”. "
            "Without shares everybody gets the same. Empty gives it back to those who earned it.",
            widget=forms.Textarea(attrs={"rows": 6}),
            max_length=_LONGEST,
            required=False,
        )

    def clean(self, value: Any) -> list[Awarded]:
        rows = [line.strip() for line in super().clean(value).splitlines()]
        read = [_read(number, row) for number, row in enumerate(rows, 1) if row]
        payees = [payee for payee, _ in read]
        if len(set(payees)) != len(payees):
            raise forms.ValidationError("Somebody stands twice: write their share once.")
        shares = [ppm for _, ppm in read if ppm is not None]
        if not shares:
            return equal_shares(payees)
        if len(shares) != len(read):
            raise forms.ValidationError("Write a share on every line, or on none.")
        if sum(shares) != PPM:
            raise forms.ValidationError(
                f"The shares come to {percent(sum(shares))}; they are 100.0000 % together."
            )
        awards = [Awarded(*payee, ppm) for payee, ppm in zip(payees, shares, strict=True)]
        try:
            check_awards(awards)
        except DeductionRefused as error:
            raise forms.ValidationError(str(error)) from error
        return awards


def _read(number: int, row: str) -> tuple[Payee, int | None]:
    """A line's payee and share; what is wrong is said with the number of the line."""
    name, *rest = _BETWEEN.split(row)
    try:
        if len(rest) > 1:
            raise forms.ValidationError("Write one payee and one share.")
        ppm = percent_ppm(rest[0]) if rest else None
        if ppm == 0:
            raise forms.ValidationError("A share is above 0 percent.")
        return payee_of(name), ppm
    except forms.ValidationError as error:
        raise forms.ValidationError(f"Line {number}: {error.messages[0]}") from error
    except ValueError as error:
        raise forms.ValidationError(f"Line {number}: {error}") from error


def said_of(awards: Sequence[Awarded]) -> str:
    """A division in words, by names; "" for none."""
    names = names_of_parties([one.ref for one in awards if one.kind == "party"])
    return ", ".join(f"{names.get(one.ref, one.ref)} ({percent(one.share_ppm)})" for one in awards)
