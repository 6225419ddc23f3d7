"""The withdrawal page: a warning in numbers, a choice for what is finished, and what it did."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from licensing.clearance.models import Withdrawal
from tests.licensing import stage as on
from tests.portal.artists.conftest import PASSWORD

TODAY = timezone.now().date


def fresh(client):
    """The client, who has given the password just now."""
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


@pytest.fixture
def url(recording, maravel):
    for stem in recording.stems.all():
        on.grant(stem, maravel, "REMIX", now=timezone.now())
    return reverse("artists:withdraw", args=[recording.pk])


def test_the_page_says_what_stops_and_offers_three_ways(url, as_ines):
    page = as_ines.get(url).content.decode()
    assert page.count('type="radio"') == 3
    assert 'value="TAKE_DOWN" checked' in page
    assert "partners have 7 days to remove their copies" in page
    assert "stricter later, never looser" in page


def test_the_last_day_of_a_sunset_is_still_in_it(url, as_ines, post_signed):
    last = TODAY() + timedelta(days=20)
    post_signed(as_ines, url, {"effect": "SUNSET", "until": last.isoformat()})
    withdrawal = Withdrawal.objects.first()
    assert withdrawal.effect == "SUNSET"
    assert withdrawal.served_until.date() == last + timedelta(days=1)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"reason": ""}, "Choose what becomes of the finished variations."),
        ({"effect": "SUNSET"}, "Say the last day on which they may play."),
        ({"effect": "SUNSET", "until": "2020-01-01"}, "Choose a day from today on"),
        ({"effect": "SUNSET", "until": "9999-12-31"}, "Choose a day from today on"),
        ({"effect": "SUNSET", "until": "soon"}, "Write a date as year-month-day"),
        ({"effect": "BURN"}, "BURN is not one of the available choices"),
    ],
)
def test_a_choice_that_is_none_is_said_at_the_field(url, as_ines, facts, sentence):
    assert sentence in fresh(as_ines).post(url, facts).content.decode()
    assert not Withdrawal.objects.exists()


def test_keeping_says_that_nothing_new_is_made(url, as_ines):
    told = fresh(as_ines).post(url, {"effect": "KEEP"}, follow=True).content.decode()
    assert "0 finished variations may be played. Nothing new is made." in told
    assert set(Withdrawal.objects.values_list("effect", "served_until")) == {("KEEP", None)}


def test_a_stranger_chooses_nothing(url, client, eve):
    client.force_login(eve)
    assert fresh(client).post(url, {"effect": "KEEP"}).status_code == 404
    assert not Withdrawal.objects.exists()
