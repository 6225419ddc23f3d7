"""Mails to whoever gave notice: that it came, how it was decided, how it was decided again.

Anybody can type any address into a form, so a mail repeats nothing that was typed there: it names a
reference, a day and a link. Invariant: a mail goes out after what it tells has been written, and
one that cannot be sent takes nothing back.
"""

from typing import Any

from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string

from licensing.compliance.models import Takedown
from portal.verify.links import address_of


def tell_received(row: Takedown) -> None:
    """The receipt: a reference, the day of the decision, the link."""
    _mail(row, f"We have your notice {row.reference}", "emails/notice_received.txt")


def tell_claimant(row: Takedown) -> None:
    """How it was decided, and why."""
    _mail(row, f"Your notice {row.reference} was decided", "emails/notice_decided.txt")


def tell_claimant_again(row: Takedown) -> None:
    """How somebody else decided, when they looked at it again."""
    _mail(row, f"Your notice {row.reference} was looked at again", "emails/notice_again.txt")


def _mail(row: Takedown, subject: str, template: str, **facts: Any) -> None:
    address = row.claimant_mail
    if not address:
        return
    text = render_to_string(template, {"notice": row, "link": address_of(row), **facts})
    transaction.on_commit(lambda: send_mail(subject, text, None, [address]), robust=True)
