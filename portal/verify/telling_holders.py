"""Mails to the holders of what a notice names: they are asked, and told how it ended.

They go to everybody who may sign for a holder, whatever they chose about other mails: their music
may stop playing. Invariant: nobody is told of a notice about which they were not asked; no mail
says who gave it, the page does.
"""

from django.conf import settings
from django.urls import reverse

from licensing.compliance.models import Takedown
from licensing.compliance.queries import holders_of, target_of
from licensing.compliance.rules import THEIRS, Ground
from portal.accounts.telling import addresses_of, mail_each


def tell_asked(row: Takedown) -> None:
    """Somebody outside says something; until when one may answer, and whether it is blocked."""
    _mail(row, "Somebody gave notice about {}", "emails/notice_asked.txt")


def tell_blocked(row: Takedown) -> None:
    """What a notice names, about which they were asked before, is blocked now."""
    _mail(row, "Blocked until it is decided: {}", "emails/notice_asked.txt")


def tell_over(row: Takedown) -> None:
    """How a notice ended, and why."""
    if row.asked_at is not None:
        _mail(row, "The notice about {} is over", "emails/notice_over.txt")


def tell_again(row: Takedown) -> None:
    """How somebody else decided when they looked at it again."""
    _mail(row, "The notice about {} was looked at again", "emails/notice_looked_again.txt")


def _mail(row: Takedown, subject: str, template: str) -> None:
    target = target_of(row)
    link = settings.BASE_URL + reverse("artists:notice", args=[row.pk])
    facts = {"notice": row, "title": target.title, "link": link}
    facts["ground"] = THEIRS[Ground(row.ground)]
    mail_each(addresses_of(holders_of(target)), subject.format(target.title), template, facts)
