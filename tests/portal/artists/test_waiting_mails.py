"""Mails about what waits: one for a burst, once for a thing, one a day at most, none if unwanted.

Pieces of the story: Ana's party is asked about variations and agreements that others bring.
"""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from generation.variations.approving import answer
from generation.variations.models import Variation
from licensing.clearance.agreeing import propose_agreement
from licensing.clearance.approval import ApproveFirst
from portal.accounts.models import Mailed
from portal.artists.waiting import tell_artists
from tests.licensing.stage import grant, set_stage
from tests.portal.artists.test_approvals import member
from tests.portal.artists.test_previews import ask, finish
from tests.portal.listeners.made import finished, measured, pay

NOW = timezone.now()
SOON, NEXT_DAY = NOW + timedelta(minutes=11), NOW + timedelta(hours=24)


@pytest.fixture
def stage(db):
    """Every variation of Tide waits for Ana; Ben lets all pass."""
    stage = set_stage()
    for stem in (stage.drums, stage.vocals):
        grant(stem, stage.ana, "REMIX", approval=ApproveFirst(first=9))
        grant(stem, stage.ben, "REMIX")
    return stage


@pytest.fixture
def ana(make_user, stage):
    return member(make_user("Ana"), stage.ana)


@pytest.fixture
def lea(make_user):
    user = make_user("Lea")
    user.country = "DE"
    user.save()
    pay(user, NOW)
    return user


def links(message):
    return re.findall(r"http\S+", message.body)


def test_a_burst_of_variations_is_one_mail_and_is_not_told_again(ana, lea, stage):
    rows = [finished(lea, stage, NOW, key=str(n), seed=n) for n in range(3)]
    assert tell_artists(now=NOW + timedelta(minutes=9)) == 0
    assert tell_artists(now=SOON) == 1
    assert tell_artists(now=SOON) == tell_artists(now=NEXT_DAY) == 0
    (sent,) = mail.outbox
    assert sent.to == ["ana@example.org"]
    assert sent.subject == "3 variations wait for your yes as Ana"
    assert links(sent)[0].endswith(reverse("artists:approvals"))
    assert "lea" not in sent.body.lower()
    assert Mailed.objects.filter(user=ana).count() == len(rows)


def test_news_of_the_same_day_wait_for_the_next_mail_which_tells_all(ana, lea, stage):
    first = finished(lea, stage, NOW)
    tell_artists(now=SOON)
    finished(lea, stage, NOW, key="later", seed=2)
    assert tell_artists(now=NOW + timedelta(hours=5)) == 0
    assert tell_artists(now=NEXT_DAY) == 1
    assert mail.outbox[-1].subject == "2 variations wait for your yes as Ana"
    answer(
        variation_id=first.pk, party_id=stage.ana.pk, is_yes=True, actor=("user", str(ana.pk)),
        now=NEXT_DAY,
    )  # fmt: skip
    assert tell_artists(now=NEXT_DAY + timedelta(days=1)) == 0


def test_an_agreement_and_a_variation_are_lines_of_one_mail(ana, lea, stage):
    finished(lea, stage, NOW)
    propose_agreement(recording_id=stage.tide.pk, kind="MAJORITY", actor=("user", "ben"), now=NOW)
    assert tell_artists(now=SOON) == 1
    sent = mail.outbox[0]
    assert sent.subject == "2 things wait for you at Stemma"
    assert "An agreement on consent for “Tide” waits for your signature as Ana" in sent.body
    assert links(sent)[1].endswith(reverse("artists:agreement", args=[stage.tide.pk]))


def test_a_preview_is_told_until_its_party_has_signed_a_grant(client, make_user, db):
    stage = set_stage()
    measured(stage, NOW)
    client.force_login(member(make_user("Ana"), stage.ana))
    ask(client, stage, ("REMIX", stage.drums), ("REMIX", stage.vocals))
    finish(Variation.objects.get(), stage)
    grant(stage.drums, stage.ben, "REMIX")
    later = timezone.now() + timedelta(minutes=11)  # a preview is asked for by the clock
    assert tell_artists(now=later) == 1
    assert mail.outbox[0].subject.startswith("A preview of “Tide” can be heard until ")
    Mailed.objects.all().delete()
    grant(stage.drums, stage.ana, "REMIX", now=later)
    assert tell_artists(now=later) == 0


def test_whoever_may_only_look_is_asked_nothing(make_user, lea, stage):
    watcher = make_user("Vera")
    membership = member(watcher, stage.ana).memberships.get()
    membership.role = "VIEW"
    membership.save()
    finished(lea, stage, NOW)
    assert tell_artists(now=SOON) == 0


def test_the_link_in_a_mail_switches_it_off_without_a_log_in(client, ana, lea, stage):
    finished(lea, stage, NOW)
    tell_artists(now=SOON)
    sent = mail.outbox[0]
    off = sent.extra_headers["List-Unsubscribe"].strip("<>")
    assert off == links(sent)[-1]
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = off.split("//")[1].partition("/")[2]
    assert "Send me none of these mails" in client.get(f"/{path}").content.decode()
    client.post(f"/{path}", {"List-Unsubscribe": "One-Click"})
    ana.refresh_from_db()
    assert not ana.wants_mail
    finished(lea, stage, NOW, key="later", seed=2)
    assert tell_artists(now=NEXT_DAY) == 0
    client.force_login(ana)
    form = {"display_name": "Ana", "country": "", "wants_mail": "on"}
    client.post(reverse("accounts:overview"), form)
    assert tell_artists(now=NEXT_DAY) == 1


def test_a_link_that_is_not_ours_is_not_found(client, db):
    assert client.post(reverse("accounts:mails_off", args=["forged:link"])).status_code == 404


def test_a_mail_that_could_not_be_sent_is_tried_again(ana, lea, stage, settings):
    finished(lea, stage, NOW)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert tell_artists(now=SOON) == 0
    assert not Mailed.objects.exists()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert tell_artists(now=SOON) == 1
