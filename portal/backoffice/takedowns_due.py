"""The mail to the desk about notices that are overdue, or soon will be.

It names references, days and links, nothing of what was said. Invariant: time decides nothing.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse

from licensing.compliance.models import Takedown
from licensing.compliance.queries import list_appeals, list_overdue, list_undecided
from licensing.compliance.rules import ANSWER_WITHIN, State
from portal.accounts.models import User
from portal.backoffice.second_person import MAY_DECIDE_RIGHTS

_SOON = timedelta(days=2)


def tell_desk(*, now: datetime) -> tuple[int, int]:
    """Mail everybody at the desk who may decide; how many notices are overdue, how many were told.

    No mail where nothing presses: overdue, due within two days, or so old that its holders would
    have no week to answer any more and nobody has asked them.
    """
    overdue = list(list_overdue(now)) + [
        one for one in list_appeals().select_related("appeal") if one.appeal.decide_by < now
    ]
    late = Q(decide_by__lt=now + _SOON) | Q(state=State.RECEIVED, decide_by__lt=now + ANSWER_WITHIN)
    soon = list(list_undecided().filter(late, decide_by__gte=now))
    if not overdue and not soon:
        return 0, 0
    facts = {"overdue": list(map(_line, overdue)), "soon": list(map(_line, soon))}
    text = render_to_string("emails/notices_due.txt", facts)
    subject = f"Takedown notices: {len(overdue)} overdue, {len(soon)} pressing"
    staff = User.objects.filter(is_staff=True, is_active=True).order_by("email")
    addresses = [one.email for one in staff if one.has_perm(MAY_DECIDE_RIGHTS)]
    for address in addresses:
        send_mail(subject, text, None, [address])
    return len(overdue), len(addresses)


def _line(row: Takedown) -> str:
    page = settings.BASE_URL + reverse("admin:compliance_takedown_change", args=[row.pk])
    return f"{row.reference}, {row.get_state_display()}, due {row.decide_by:%-d %B %Y}\n{page}"
