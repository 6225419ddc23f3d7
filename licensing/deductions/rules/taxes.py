"""What is withheld from income of US source, and until when a form says so; values only.

It refuses to know the tax law of anywhere else, and identity numbers. Invariant: without a form in
force nothing is guessed: the rate is unknown and the income waits.
Sources: 26 U.S.C. 1441 and 871(a): 30 percent unless a treaty says less; Form W-8BEN, instructions:
in force until the last day of the third calendar year after the one it was signed in.
"""

from dataclasses import dataclass
from datetime import date

from licensing.deductions.rules.parts import PPM
from licensing.money import allocate

W9, W8BEN, W8BEN_E = "W-9", "W-8BEN", "W-8BEN-E"
FORMS = (W9, W8BEN, W8BEN_E)
PENDING, ACCEPTED, REJECTED = "PENDING", "ACCEPTED", "REJECTED"
STATUTORY_PPM = 300_000
US = "US"


@dataclass(frozen=True, slots=True)
class Form:
    """A tax form as it was accepted; `treaty_ppm` is None where no treaty is claimed."""

    form: str
    expires_on: date | None
    treaty_ppm: int | None = None


def expires_on(form: str, signed_on: date) -> date | None:
    """The last day on which a form counts; a W-9 has none."""
    return None if form == W9 else date(signed_on.year + 3, 12, 31)


def rate_ppm(form: Form | None, on: date) -> int | None:
    """The rate for US income on a day, in parts per million; None while no form is in force."""
    if form is None or (form.expires_on is not None and on > form.expires_on):
        return None
    if form.form == W9:
        return 0
    return STATUTORY_PPM if form.treaty_ppm is None else form.treaty_ppm


def withheld(us_micros: int, ppm: int) -> int:
    """The tax in income of US source, to the nearest micro-unit; half of one goes to the payee."""
    return allocate(us_micros, [("net", PPM - ppm), ("tax", ppm)])["tax"]
