"""Partners are told once of each withdrawal that touches them, with a deadline; others nothing."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from licensing.clearance.effects import COPIES_GONE_WITHIN
from licensing.clearance.models import Grant
from licensing.clearance.operations import withdraw_grant
from portal.partners.mails import REMIND_BEFORE, mail_notices
from portal.partners.models import WithdrawalNotice
from portal.partners.news import confirm_removal, tell_partners
from portal.partners.operations import create_client, name_contact
from portal.partners.rules import SCOPES
from tests.portal.listeners.made import granted_stage, opened, sealed

NOW = timezone.now()
ADDRESS = "/api/v1/withdrawals"


def application(name):
    return create_client(
        name=name, channel="fitness", territory="DE", scopes=SCOPES, by="test", now=NOW
    )


def withdraw(stage, **more):
    grant = Grant.objects.filter(stem=stage.drums).first()
    return withdraw_grant(grant_id=grant.pk, actor=("user", "7"), now=NOW, **more)


def withdrawn_twice():
    """A variation of a partner with a contact, to be gone in thirty days and by the usual term."""
    stage, (client, _) = granted_stage(), application("Stride")
    name_contact(
        client_id=client.pk, contact="rights@stride.example", by="7", reason="asked", now=NOW
    )
    made = sealed(("client", str(client.id)), stage, NOW)
    withdraw(stage, uses=["REMIX"], effect="SUNSET", served_until=NOW + timedelta(days=30))
    withdraw(stage, uses=["REMIX"])
    return made


def once_told(count):
    """News waits for older transactions of the whole server, other workers' databases included."""
    for _ in range(200_000):
        tell_partners(now=timezone.now())
        if WithdrawalNotice.objects.count() == count:
            return list(WithdrawalNotice.objects.order_by("written_at", "pk"))
    raise AssertionError("the news did not come")


def test_a_partner_reads_what_was_taken_down_and_confirms(committed_db, call):
    stage, partner, stranger = granted_stage(), application("Stride"), application("Elsewhere")
    requester = ("client", str(partner[0].id))
    finished = sealed(requester, stage, NOW)
    opened(requester, stage, NOW, key="being made", seed=2)
    sealed(("user", "8"), stage, NOW)
    withdraw(stage, uses=["MOOD"])
    withdraw(stage, uses=["REMIX"], effect="KEEP")
    withdraw(stage, uses=["REMIX"], effect="SUNSET", served_until=NOW + timedelta(days=30))
    withdraw(stage, uses=["REMIX"])
    sunset, down = once_told(2)
    assert tell_partners(now=timezone.now()) == 0

    page = call(partner, "GET", ADDRESS).json()
    ends = {one["effect"]: one for one in page["items"]}
    assert set(ends) == {"SUNSET", "TAKE_DOWN"}
    assert all(one["variations"] == [str(finished.pk)] for one in page["items"])
    assert {sunset.deadline, down.deadline} == {NOW + timedelta(days=30), NOW + COPIES_GONE_WITHIN}
    following = call(partner, "GET", f"{ADDRESS}?cursor={page['next']}").json()
    assert following == {"items": [], "next": page["next"]}
    one = call(partner, "GET", f"{ADDRESS}?limit=1").json()
    rest = call(partner, "GET", f"{ADDRESS}?limit=1&cursor={one['next']}").json()
    assert [*one["items"], *rest["items"]] == page["items"]

    gone = f"{ADDRESS}/{ends['TAKE_DOWN']['id']}/confirmation"
    assert call(stranger, "GET", ADDRESS).json()["items"] == []
    assert call(stranger, "POST", gone).status_code == 404
    confirmed = call(partner, "POST", gone).json()["confirmed_at"]
    assert confirmed
    assert call(partner, "POST", gone).json()["confirmed_at"] == confirmed


@pytest.mark.parametrize("mark", ["x", "WyJhIl0"])
def test_a_cursor_that_is_not_ours_is_said(db, call, mark):
    answer = call(application("Stride"), "GET", f"{ADDRESS}?cursor={mark}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


def test_a_partner_with_a_contact_gets_one_mail_with_the_first_deadline(committed_db):
    made = withdrawn_twice()
    once_told(2)
    assert mail_notices(now=NOW) == 1
    assert mail_notices(now=NOW) == 0
    (sent,) = mail.outbox
    by = NOW + COPIES_GONE_WITHIN
    assert sent.to == ["rights@stride.example"]
    assert sent.subject == f"Withdrawn: remove 1 variation by {by:%-d %B %Y}"
    assert str(made.pk) in sent.body
    assert sent.body.index(f"{by:%-d %B %Y}") < sent.body.index(
        f"{NOW + timedelta(days=30):%-d %B %Y}"
    )


def test_a_partner_without_a_contact_is_mailed_nothing(committed_db):
    stage, (client, _) = granted_stage(), application("Stride")
    sealed(("client", str(client.id)), stage, NOW)
    withdraw(stage, uses=["REMIX"])
    once_told(1)
    assert mail_notices(now=NOW) == 0
    assert WithdrawalNotice.objects.get().mailed_at is None


def test_one_reminder_comes_before_the_deadline_and_none_after_a_confirmation(committed_db):
    made = withdrawn_twice()
    sunset, down = sorted(once_told(2), key=lambda one: one.deadline, reverse=True)
    mail_notices(now=NOW)
    mail.outbox.clear()
    near = down.deadline - REMIND_BEFORE
    assert mail_notices(now=near - timedelta(minutes=1)) == 0
    assert mail_notices(now=near) == 1
    assert mail_notices(now=near + timedelta(hours=1)) == 0
    (sent,) = mail.outbox
    assert sent.subject.startswith("Still to confirm: 1 variation to be removed by")
    assert str(made.pk) in sent.body
    assert f"{sunset.deadline:%-d %B %Y}" not in sent.body
    confirm_removal(notice=sunset, now=near)
    assert mail_notices(now=sunset.deadline - timedelta(hours=1)) == 0
