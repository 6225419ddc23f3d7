"""What artists read of live sessions: minutes they earn by, and what goes on without a stem."""

import re
from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from licensing.attribution.models import LicenceGrant, RecordPart
from licensing.clearance.models import Grant, Withdrawal
from licensing.royalties import queries
from licensing.royalties.closing import close_period
from tests.licensing import stage as on
from tests.licensing.royalties import small_world as world

MONTH = date(2026, 10, 1)


@pytest.fixture
def ana(make_user, join, client):
    """Ana reads; her stem was a quarter of one minute, all of another, and one was not sealed."""
    stems = [
        world.recording(title, master={who: 10**6}, publishing={who: 10**6})[0]
        for title, who in (("Tide", "Ana"), ("Lamp", "Ben"))
    ]
    minutes = [[(stems[0], 1_000_000)], [(stems[0], 250_000), (stems[1], 750_000)]]
    session = world.session("live", stems, minutes)
    world.pay("listener-secret")
    world.heard("listener-secret", session, minutes=[0, 1, 2])
    own = world.session("hers alone", stems, minutes)
    world.heard("ana herself", own, minutes=[0], state="SELF")
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    user = make_user("Ana")
    join(user, world.party("Ana"), "VIEW")
    client.force_login(user)
    return user


def read(client, name, *args):
    page = client.get(reverse(f"artists:{name}", args=args)).content.decode()
    return re.sub(r"\s+", " ", page)


def test_a_month_names_the_session_and_its_minutes(ana, client):
    page = read(client, "earnings")
    assert page.count("Live session</td>") == 3
    assert page.count("3 min</td>") == 2
    assert "listener-secret" not in page


def test_a_line_opens_down_to_its_minutes(ana, client):
    lines = queries.statement_for(world.ref("Ana"), MONTH).lines
    page = read(client, "statement_line", next(line.id for line in lines if line.right))
    assert "3 minutes of a live session counted in October, by 1 subscriber" in page
    assert "Minute 1, 1 October: 100.0000 % of its sound" in page
    assert "Minute 2, 1 October: 25.0000 % of its sound" in page
    assert "Minute 3, 1 October: silent, or sealed after the close" in page
    assert "62.5000 %: the part of these minutes" in page
    assert "variation" not in page.split('id="line"')[1]


def test_own_minutes_are_told_as_minutes(ana, client):
    lines = queries.statement_for(world.ref("Ana"), MONTH).lines
    page = read(client, "statement_line", next(line.id for line in lines if line.kind == "SELF"))
    assert "1 minute of a live session by members of a party on the sheets" in page


def test_a_stranger_reads_no_line_of_a_session(ana, client, eve):
    line = queries.statement_for(world.ref("Ana"), MONTH).lines[0]
    client.force_login(eve)
    assert client.get(reverse("artists:statement_line", args=[line.id])).status_code == 404


@pytest.fixture
def running(as_ines, recording, post_signed):
    """A live session rests on the drums of Ines, by the grant she signs here."""
    drums = recording.stems.get(label="Drums")
    facts = {
        "grant": [f"FOCUS:{drums.pk}"],
        "slowest": "80",
        "fastest": "125",
        "semitones": "3",
        "mix": "100",
    }
    post_signed(as_ines, reverse("artists:grant", args=[recording.pk]), facts)
    given = Grant.objects.get(stem=drums)
    session = world.session("hers", [drums])
    LicenceGrant.objects.create(record=session, grant=given)
    RecordPart.objects.create(
        record=session,
        index=0,
        clearance=session.clearance,
        recipe_sha256=world.DIGEST,
        terms_sha256=world.DIGEST,
        stems=[drums.pk],
        digests=[world.DIGEST],
        grants=[given.pk],
        opened_at=world.LONG_AGO,
    )
    return drums


def test_withdrawing_says_before_and_after_that_a_session_goes_on(running, as_ines, recording):
    page = read(as_ines, "withdraw", recording.pk)
    assert "0 variations being made stop; 1 live session goes on without it" in page
    url = reverse("artists:withdraw", args=[recording.pk])
    told = as_ines.post(url, {"effect": "TAKE_DOWN"}, follow=True).content.decode()
    assert "Withdrawn. 1 live session goes on without it." in told
    on.grant(recording.stems.get(label="Bass"), recording.party, "MOOD", now=timezone.now())
    page = read(as_ines, "withdraw", recording.pk)
    assert "0 variations being made stop. Credits" in page


def test_leaving_the_cell_empty_asks_first(running, as_ines, recording):
    facts = {"slowest": "80", "fastest": "125", "semitones": "3", "mix": "100"}
    url = reverse("artists:grant", args=[recording.pk])
    page = as_ines.post(url, facts).content.decode()
    assert "0 variations stop playing, 1 live session goes on without it</h1>" in page
    assert not Withdrawal.objects.exists()


def test_deleting_a_stem_says_that_a_session_goes_on(running, as_ines):
    page = read(as_ines, "stem_delete", running.pk)
    assert "</b>, 1 live session goes on without it; its grants are withdrawn" in page
