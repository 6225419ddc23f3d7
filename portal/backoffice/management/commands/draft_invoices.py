"""`manage.py draft_invoices 2026-10`: draft what partners owe for a closed month's use."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from licensing.invoicing.operations import draft_invoices
from licensing.invoicing.rules import InvoiceRefused
from licensing.money import amount_text


class Command(BaseCommand):
    """Again, it drafts what is missing; issuing is a person's deed at the desk."""

    help = "Draft partners' invoices for a closed month."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", help="like 2026-10")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            month = datetime.strptime(options["month"], "%Y-%m").replace(tzinfo=UTC).date()
            made = draft_invoices(
                month=month, actor=("system", "draft_invoices"), now=timezone.now()
            )
        except (ValueError, InvoiceRefused) as error:
            raise CommandError(str(error)) from error
        for one in made:
            gross = amount_text(one.gross_micros)
            self.stdout.write(f"{one.payer_kind} {one.payer_ref}: {gross} {one.currency}")
        self.stdout.write(f"{len(made)} drafts wait at the desk.")
