"""What one receipt below zero takes of a closed month, posted and written down.

A chargeback that is won is the same with the sign turned.
Invariant: the entry, the rows of the pieces and those of the lines that were ever contested are of
one transaction, and each sums to what is reversed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from licensing.corrections.dividing import Divided
from licensing.corrections.models import Reversal
from licensing.corrections.taking import posting, taken_of
from licensing.corrections.whereabouts import Place
from licensing.deductions.where import Taken, write_taken
from licensing.ledger.booking import book
from licensing.ledger.rules import CREDIT, DEBIT, AccountKey, Line
from licensing.receipts.models import Receipt
from licensing.receipts.rules import reversal_account
from licensing.royalties.accounts import unplayed_account
from licensing.royalties.models import Period


@dataclass(slots=True)
class Back:
    """What is taken of pieces that closes divided, and of accounts where money still waits or was
    never played; below zero, what is given to them again.
    """

    row: Receipt
    divided: Divided = field(default_factory=Divided)
    accounts: dict[AccountKey, int] = field(default_factory=dict)

    def take(self, rate: int, place: Place) -> None:
        """Take what one place gives of the money for plays billed at a price."""
        row, account = self.row, place.account
        payer = (row.payer_kind, row.payer_ref, rate)
        if account is None and self.divided.take(
            place.period, payer, row.currency, place.micros, of_month=place.of_month
        ):
            return
        self.take_of(account or unplayed_account(place.period.month, row.currency), place.micros)

    def take_of(self, account: AccountKey, micros: int) -> None:
        """Take it of an account."""
        self.accounts[account] = self.accounts.get(account, 0) + micros

    @property
    def micros(self) -> int:
        """All of it."""
        pieces = sum(sum(parts.values()) for parts in self.divided.taken.values())
        return pieces + sum(self.accounts.values())


def reverse(
    back: Back, period: Period, *, key: str, kind: str, memo: str, now: datetime
) -> tuple[Reversal, Sequence[Taken]]:
    """Post it against the receipt's own account; the row, and what was taken of lines where."""
    row, micros = back.row, back.micros
    named = taken_of(back.divided.lines())
    taken = [one for _, one in named]
    postings = [posting(one, pk) for pk, one in named]
    postings += [signed(account, n) for account, n in sorted(back.accounts.items()) if n]
    postings.append(signed(reversal_account(row.key, row.currency), -micros))
    entry = book(key=key, kind=kind, lines=postings, now=now, memo=memo)
    write_taken(taken, entry.pk)
    made = Reversal.objects.create(
        receipt=row, period=period, amount_micros=abs(micros), entry=entry
    )
    back.divided.write(made)
    return made, taken


def signed(account: AccountKey, micros: int) -> Line:
    """Out of an account; into it where it is below zero."""
    return Line(account, DEBIT if micros > 0 else CREDIT, abs(micros))
