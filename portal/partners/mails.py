"""Mails to partners about withdrawals, to the contact that a partner has named: news, one reminder.

The notices themselves are written by `news` and read over the API; a mail says that they are there.
Invariant: a notice is mailed once, and once more when its deadline is near and nobody has confirmed
that the copies are gone; a mail that could not be sent is tried again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse

from portal.partners.models import Client, WithdrawalNotice

log = logging.getLogger(__name__)

REMIND_BEFORE = timedelta(days=2)
"""How long before its deadline a notice is mailed again."""
NOT_AGAIN_WITHIN = timedelta(days=1)
"""A partner that has just been told needs no reminder."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One kind: which notices it is about, where its sending is written down, and its words."""

    due: Callable[[datetime], Q]
    mark: str
    subject: str
    template: str


NEWS = Mail(
    due=lambda now: Q(mailed_at=None),
    mark="mailed_at",
    subject="Withdrawn: remove {what} by {first:%-d %B %Y}",
    template="emails/withdrawals.txt",
)
REMINDER = Mail(
    due=lambda now: Q(
        reminded_at=None,
        deadline__gt=now,
        deadline__lte=now + REMIND_BEFORE,
        mailed_at__lte=now - NOT_AGAIN_WITHIN,
    ),
    mark="reminded_at",
    subject="Still to confirm: {what} to be removed by {first:%-d %B %Y}",
    template="emails/withdrawals_due.txt",
)


def mail_notices(*, now: datetime) -> int:
    """One mail of a kind for each partner with something due of it; how many mails."""
    return sum(_mail_all(kind, now) for kind in (NEWS, REMINDER))


def _mail_all(kind: Mail, now: datetime) -> int:
    waiting = WithdrawalNotice.objects.filter(kind.due(now), confirmed_at=None)
    reached = Client.objects.filter(is_active=True, pk__in=waiting.values("client"))
    told = 0
    for pk in reached.exclude(contact="").values_list("pk", flat=True):
        try:
            told += _mail(kind, pk, now)
        except OSError:
            log.exception("a mail about withdrawals could not be sent")
    return told


@transaction.atomic
def _mail(kind: Mail, client_id: UUID, now: datetime) -> bool:
    """Tell one partner of all that is due; False when another has done so meanwhile."""
    client = Client.objects.select_for_update().get(pk=client_id)
    rows = WithdrawalNotice.objects.filter(kind.due(now), client=client, confirmed_at=None)
    notices = list(rows.order_by("deadline", "pk"))
    if not notices:
        return False
    count = len({ref for one in notices for ref in one.variations})
    what = f"{count} variation" if count == 1 else f"{count} variations"
    facts = {
        "client": client,
        "notices": notices,
        "link": settings.BASE_URL + reverse("partners:withdrawals"),
    }
    send_mail(
        kind.subject.format(what=what, first=notices[0].deadline),
        render_to_string(kind.template, facts),
        None,
        [client.contact],
    )
    told = WithdrawalNotice.objects.filter(pk__in=[one.pk for one in notices])
    told.update(**{kind.mark: now})
    return True
