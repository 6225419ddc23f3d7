"""`manage.py reconcile --bank FILE`: ledger, provider and bank side by side.

Names receipts that were written by hand and that nothing bears out. Exits 1 on differences. Meant
for every night, over the days before; what is on its way to a bank shows as missing there until it
arrives, with its age.
"""

import sys
from dataclasses import asdict
from datetime import date, timedelta
from json import dumps
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from licensing.money import amount_text
from licensing.payouts.house import place_charges, unseen_receipts
from licensing.payouts.provider import gateway
from licensing.payouts.reconciling import BadBankFile, gather
from licensing.payouts.rules.reconciling import Comparison, reconcile
from licensing.receipts.models import Receipt
from licensing.stripe_gateway import GatewayError


class Command(BaseCommand):
    """Books charges whose receipts are known first, then compares; it never posts a correction."""

    help = "Compare ledger, provider and bank."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bank", type=Path, required=True, help="the bank's CSV file")
        parser.add_argument("--since", type=date.fromisoformat, help="first day; 31 days ago")
        parser.add_argument("--until", type=date.fromisoformat, help="day after the last; today")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        today = now.date()
        until = options["until"] or today
        since = options["since"] or until - timedelta(days=31)
        try:
            ours = gateway()
            place_charges(
                lines=ours.list_balance_lines(since=now - timedelta(days=31), until=now), now=now
            )
            text = options["bank"].read_text()
            books = gather(gateway=ours, bank_file=text, since=since, until=until)
        except (GatewayError, BadBankFile, OSError) as error:
            raise CommandError(str(error)) from error
        found = reconcile(books, since=since, until=until)
        unseen = unseen_receipts(since, until)
        write = _as_json if options["json"] else _as_text
        self.stdout.write(write(found, unseen, today))
        if any(one.differences for one in found):
            sys.exit(1)


def _as_json(found: tuple[Comparison, ...], unseen: list[Receipt], today: date) -> str:
    compared = [asdict(one) for one in found]
    told = [
        {"key": one.key, "kind": one.kind, "micros": one.amount_micros, "currency": one.currency,
         "days_old": (today - one.received_at.date()).days}
        for one in unseen
    ]  # fmt: skip
    return dumps({"compared": compared, "unseen_receipts": told}, default=str, indent=2)


def _as_text(found: tuple[Comparison, ...], unseen: list[Receipt], today: date) -> str:
    lines = [f"Receipts that no line of the provider bears out: {len(unseen)}"]
    lines += [
        f"  {one.key}  {one.kind.lower()}  {amount_text(one.amount_micros)} {one.currency}, "
        f"{(today - one.received_at.date()).days} days old"
        for one in unseen
    ]
    for one in found:
        lines.append(
            f"{one.first} and {one.second}: {one.agreed} agree, {len(one.differences)} do not"
        )
        lines += [
            f"  {it.verdict:<8} {it.ref}  {amount_text(it.first_micros)} and"
            f" {amount_text(it.second_micros)} {it.currency}, {it.days_old(today)} days old"
            f"  {it.what}".rstrip()
            for it in one.differences
        ]
    return "\n".join(lines)
