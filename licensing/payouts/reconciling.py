"""Gathering the three books for `rules.reconciling`, and reading the bank's file.

It compares nothing and changes nothing. The bank's file is CSV with a head of `booked_on`
(ISO 8601), `reference`, `amount` (units with a point, positive for what came in) and `currency`;
`reference` holds the provider's payout id, as statement lines of its payouts do.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from licensing.ledger import rules as ledger
from licensing.ledger.models import Posting
from licensing.money import MICROS_PER_UNIT, check_currency
from licensing.payouts.rules.due import micros_of
from licensing.payouts.rules.postings import BANK, PROVIDER
from licensing.payouts.rules.reconciling import Books, Movement
from licensing.stripe_gateway import BalanceLine, Gateway

MARGIN = timedelta(days=1)
"""How far beyond the span movements are gathered, so that midnight separates nobody."""
_COLUMNS = {"booked_on", "reference", "amount", "currency"}
_AMOUNT = re.compile(r"([+-]?)(\d+)(?:\.(\d{1,6}))?")


class BadBankFile(ValueError):
    """The file cannot be read; the message names the line."""


def gather(*, gateway: Gateway, bank_file: str, since: date, until: date) -> Books:
    """All movements of [since, until) and a day beyond. Raises GatewayError, BadBankFile."""
    begin, end = _moment(since) - MARGIN, _moment(until) + MARGIN
    lines = gateway.list_balance_lines(since=begin, until=end)
    return Books(
        ledger_provider=list(_ours(PROVIDER, begin, end)),
        provider=of_balance_lines(lines),
        ledger_bank=list(_ours(BANK, begin, end)),
        bank=read_bank_file(bank_file),
    )


def of_balance_lines(lines: Iterable[BalanceLine]) -> list[Movement]:
    """The provider's side: what each line changed, fees taken off."""
    return [
        Movement(
            one.source or one.id,
            one.currency,
            micros_of(one.net_minor, one.currency),
            one.at.date(),
            one.category,
        )
        for one in lines
    ]


def read_bank_file(text: str) -> list[Movement]:
    """The bank's side. Raises BadBankFile."""
    reader = csv.DictReader(io.StringIO(text))
    if not set(reader.fieldnames or ()) >= _COLUMNS:
        raise BadBankFile(f"The first line names the columns {', '.join(sorted(_COLUMNS))}.")
    found = []
    for row in reader:
        try:
            found.append(
                Movement(
                    row["reference"].strip(),
                    check_currency(row["currency"].strip()),
                    _micros(row["amount"].strip()),
                    date.fromisoformat(row["booked_on"].strip()),
                )
            )
        except (ValueError, AttributeError) as error:
            raise BadBankFile(f"Line {reader.line_num}: {error}") from error
    return found


def _micros(text: str) -> int:
    read = _AMOUNT.fullmatch(text)
    if read is None:
        raise ValueError(f"not an amount: {text!r}")
    sign, units, parts = read.groups()
    micros = int(units) * MICROS_PER_UNIT + int((parts or "").ljust(6, "0"))
    return -micros if sign == "-" else micros


def _ours(place: tuple[str, str], begin: datetime, end: datetime) -> Iterator[Movement]:
    rows = Posting.objects.filter(
        account__kind=ledger.CASH,
        account__owner_kind=place[0],
        account__owner_ref=place[1],
        entry__created_at__gte=begin,
        entry__created_at__lt=end,
    ).select_related("entry", "account")
    for row in rows.order_by("pk"):
        micros = row.amount_micros if row.side == ledger.DEBIT else -row.amount_micros
        on = row.entry.created_at.astimezone(UTC).date()
        ref = row.ref or row.entry.key
        yield Movement(ref, row.account.currency, micros, on, row.entry.kind)


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
