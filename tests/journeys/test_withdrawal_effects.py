"""A holder withdraws on her page: what the listener and the next request meet then."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from licensing.attribution.models import LicenceRecord
from licensing.attribution.queries import may_serve
from licensing.clearance.queries import preflight_use
from portal.accounts.models import Membership, User
from tests.portal.listeners.made import granted_stage, pay, sealed

PASSWORD = "tape organ at low tide"
NOW = timezone.now()
LAST = NOW.date() + timedelta(days=30)
AFTER_LAST = timedelta(days=32)


def login(name):
    user = User.objects.create_user(f"{name}@example.org", PASSWORD, display_name=name.title())
    user.confirmed_16_at, user.country = NOW, "DE"
    user.save()
    browser = Client()
    browser.force_login(user)
    return user, browser


def choose(artist, stage, **facts):
    """She gives her password, reads the page, and chooses; what the site says then."""
    artist.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    address = reverse("artists:withdraw", args=[stage.tide.pk])
    assert "Nothing new is made from it" in artist.get(address).content.decode()
    return artist.post(address, facts, follow=True).content.decode()


@pytest.mark.parametrize(
    ("facts", "plays_now", "plays_later"),
    [
        ({"effect": "KEEP"}, True, True),
        ({"effect": "SUNSET", "until": LAST.isoformat()}, True, False),
        ({"effect": "TAKE_DOWN"}, False, False),
    ],
    ids=["keep", "sunset", "take_down"],
)
def test_what_is_finished_follows_her_choice_and_nothing_new_is_made(
    db, facts, plays_now, plays_later
):
    stage = granted_stage()
    ana, artist = login("ana")
    Membership.objects.create(user=ana, party=stage.ana, role="ADMIN", created_at=NOW)
    lea, listener = login("lea")
    pay(lea, NOW)
    row = sealed(lea, stage, NOW)
    play = reverse("listeners:play", args=[row.pk])
    assert listener.post(play).status_code == 200

    assert "Withdrawn." in choose(artist, stage, **facts)

    assert listener.post(play).status_code == (200 if plays_now else 404)
    assert may_serve(row.record_id, timezone.now() + AFTER_LAST) == plays_later
    stems = [stage.drums.pk, stage.vocals.pk]
    asked = preflight_use(
        use="REMIX", stems=stems, requester=("user", str(lea.pk)), territory="DE",
        channel="SITE", now=timezone.now(),
    )  # fmt: skip
    assert {one.code for one in asked.reasons} == {"withdrawn"}
    record = LicenceRecord.objects.get(pk=row.record_id)
    assert (record.state, sum(record.lines.values_list("ppm", flat=True))) == ("SEALED", 1_000_000)
    assert listener.get(reverse("listeners:licence", args=[row.pk])).status_code == 200
