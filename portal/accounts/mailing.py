"""Mails about what waits for somebody: gathered, one a day at most, until they want none.

It refuses to know what waits: faces bring it. Invariant: a thing is mailed to a login once. A mail
goes out before that is written down, so that one which could not be sent is tried again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from portal.accounts.models import Mailed, User

GATHERED_FOR = timedelta(minutes=10)
"""So long the oldest news waits for others, so that a burst is one mail."""
EVERY = timedelta(hours=20)
_SALT = "mails off"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Things of one kind that wait in one place. `things`: (reference, since when)."""

    sentence: str
    path: str
    things: tuple[tuple[str, datetime], ...]


def mail_waiting(*, user: User, waiting: Sequence[Waiting], now: datetime) -> bool:
    """Mail all that waits, where some of it is news and has been for a while; whether it did.

    Raises what the mail backend raises; then nothing is written down.
    """
    with transaction.atomic():
        told = User.objects.select_for_update().get(pk=user.pk)
        since = {ref: at for one in waiting for ref, at in one.things}
        known = set(Mailed.objects.filter(user=told, ref__in=since).values_list("ref", flat=True))
        news = sorted(since.keys() - known)
        if not told.wants_mail or not told.is_active or not _is_time(told, since, news, now):
            return False
        _message(told, waiting).send()
        Mailed.objects.bulk_create(Mailed(user=told, ref=ref, at=now) for ref in news)
    return True


def _is_time(user: User, since: dict[str, datetime], news: Sequence[str], now: datetime) -> bool:
    if not news or min(since[ref] for ref in news) > now - GATHERED_FOR:
        return False
    return not Mailed.objects.filter(user=user, at__gt=now - EVERY).exists()


def _message(user: User, waiting: Sequence[Waiting]) -> EmailMessage:
    off = settings.BASE_URL + reverse("accounts:mails_off", args=[off_token(user)])
    count = sum(len(one.things) for one in waiting)
    subject = waiting[0].sentence if len(waiting) == 1 else f"{count} things wait for you at Stemma"
    facts = {
        "user": user,
        "waiting": [(one.sentence, settings.BASE_URL + one.path) for one in waiting],
        "off": off,
    }
    # RFC 8058: a mail program's own key takes somebody off, without a page.
    headers = {
        "List-Unsubscribe": f"<{off}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    text = render_to_string("emails/waiting.txt", facts)
    return EmailMessage(" ".join(subject.split()), text, None, [user.email], headers=headers)


def off_token(user: User) -> str:
    """Signed text that switches the mails of one login off, and nothing else."""
    return signing.dumps(str(user.pk), salt=_SALT)


def find_by_off_token(token: str) -> User | None:
    """Whose mails a link is about; None for one that is not ours."""
    try:
        ref = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=ref).first()
