"""Mails to partners: withdrawals with their deadlines, to the contact that a partner has named.

The notices themselves are written by `news` and read over the API; a mail says that they are there.
Invariant: a notice is mailed once; a mail that could not be sent is tried again.
"""

import logging
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from portal.partners.models import Client, WithdrawalNotice

log = logging.getLogger(__name__)


def mail_notices(*, now: datetime) -> int:
    """One mail for each partner of whose notices some were not mailed; how many mails."""
    waiting = Client.objects.filter(
        is_active=True,
        withdrawal_notices__mailed_at__isnull=True,
        withdrawal_notices__confirmed_at__isnull=True,
    )
    told = 0
    for pk in waiting.exclude(contact="").values_list("pk", flat=True).distinct():
        try:
            told += _mail(pk, now)
        except OSError:
            log.exception("a mail about withdrawals could not be sent")
    return told


@transaction.atomic
def _mail(client_id: UUID, now: datetime) -> bool:
    """Tell one partner of all that it was not told; False when another has done so meanwhile."""
    client = Client.objects.select_for_update().get(pk=client_id)
    rows = WithdrawalNotice.objects.filter(client=client, mailed_at=None, confirmed_at=None)
    notices = list(rows.order_by("deadline", "pk"))
    if not notices:
        return False
    count = len({ref for one in notices for ref in one.variations})
    first = notices[0].deadline
    facts = {
        "client": client,
        "notices": notices,
        "count": count,
        "first": first,
        "link": settings.BASE_URL + reverse("partners:withdrawals"),
    }
    noun = "variation" if count == 1 else "variations"
    send_mail(
        f"Withdrawn: remove {count} {noun} by {first:%-d %B %Y}",
        render_to_string("emails/withdrawals.txt", facts),
        None,
        [client.contact],
    )
    rows.filter(pk__in=[one.pk for one in notices]).update(mailed_at=now)
    return True
