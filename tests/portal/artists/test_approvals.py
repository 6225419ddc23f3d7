"""Approve first, over HTTP: ask, it waits, the artist hears it and answers, and who hears what."""

import pytest
from django.urls import reverse
from django.utils import timezone

from generation.variations.models import Variation, VariationRequest
from generation.variations.rules import State
from licensing.attribution.queries import may_make, may_serve
from licensing.audit.models import Fact
from licensing.clearance.approval import ApproveFirst
from licensing.clearance.limits import Limits
from licensing.clearance.models import Approval, Grant
from licensing.clearance.operations import withdraw_grant
from portal.accounts.models import Membership
from tests.licensing.stage import grant, set_stage
from tests.portal.artists.test_grants import LIMITS, cell
from tests.portal.listeners.made import body_of, finished, granted_stage, pay, sealed

NOW = timezone.now()
ANA_HEARS_FIRST = ApproveFirst(first=1)


@pytest.fixture
def stage(db):
    """Ana and Ben hold Tide; she hears the first variation of it before anybody else does."""
    stage = set_stage()
    for stem in (stage.drums, stage.vocals):
        grant(stem, stage.ana, "REMIX", approval=ANA_HEARS_FIRST)
        grant(stem, stage.ben, "REMIX")
    return stage


def member(user, party):
    Membership.objects.create(user=user, party=party, role="SIGN", created_at=NOW)
    return user


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


def waiting(user, stage):
    """A finished variation that a holder is asked about."""
    row = finished(user, stage, NOW)
    assert row.state == State.WAITING_FOR_APPROVAL
    return row


@pytest.fixture
def row(lea, stage):
    return waiting(lea, stage)


@pytest.fixture
def decide(client, ana, stage):
    def post(row, answer, user=None, party=None, **more):
        client.force_login(user or ana)
        facts = {"party": str((party or stage.ana).pk), "answer": answer, **more}
        return client.post(reverse("artists:approval", args=[row.pk]), facts, follow=True)

    return post


def listens(client, lea, row):
    """What the listener's player gets when it asks to play."""
    client.force_login(lea)
    return client.post(reverse("listeners:play", args=[row.pk])).status_code


def page(client, lea, row):
    client.force_login(lea)
    return client.get(reverse("listeners:variation", args=[row.pk])).content.decode()


def test_it_waits_the_artist_approves_and_it_is_heard(client, lea, ana, stage, row, decide):
    assert "Waits for Ana’s yes." in page(client, lea, row)
    assert "data-player" not in page(client, lea, row)
    assert listens(client, lea, row) == 404
    assert client.get(reverse("listeners:download", args=[row.pk, "mp3"])).status_code == 404
    assert "Waits for a yes" in client.get(reverse("listeners:library")).content.decode()
    client.force_login(ana)
    queue = client.get(reverse("artists:approvals")).content.decode()
    assert "1 variation waits" in queue
    assert "One of the first variations of this recording." in queue
    assert "Lea" not in queue
    sound = client.get(reverse("artists:approval_audio", args=[row.pk]))
    assert body_of(sound).startswith(b"mp3")
    told = decide(row, "approve").content.decode()
    assert "It may be played from now on." in told
    assert listens(client, lea, row) == 200
    assert "data-player" in page(client, lea, row)
    verbs = set(Fact.objects.values_list("verb", flat=True))
    assert {"approve_variation", "settle_variation"} <= verbs


def test_after_the_first_yes_the_next_passes_by_itself(lea, stage, row, decide):
    decide(row, "approve")
    assert sealed(lea, stage, NOW, seed=2).state == State.READY


def test_what_is_declined_says_so_with_the_reason_and_stays_silent(client, lea, row, decide):
    decide(row, "decline", reason="The drums are too dense.")
    text = page(client, lea, row)
    assert "Ana said no to this one." in text
    assert "The drums are too dense." in text
    assert listens(client, lea, row) == 404
    row.refresh_from_db()
    assert row.state == State.DECLINED
    assert not may_serve(row.record_id, NOW)


def test_an_answer_is_taken_back_until_somebody_was_served(client, lea, row, decide):
    decide(row, "decline")
    assert "It waits again." in decide(row, "undo").content.decode()
    decide(row, "approve")
    decide(row, "undo")
    row.refresh_from_db()
    assert row.state == State.WAITING_FOR_APPROVAL
    decide(row, "approve")
    assert listens(client, lea, row) == 200
    assert "Somebody has heard it" in decide(row, "undo").content.decode()
    row.refresh_from_db()
    assert row.state == State.READY


def test_another_answer_needs_the_first_one_taken_back(row, decide):
    decide(row, "approve")
    assert "undo that first" in decide(row, "decline").content.decode()


def test_a_voice_waits_and_is_asked_for_again_without_it(client, lea, stage, decide):
    for stem in (stage.drums, stage.vocals):
        grant(stem, stage.ana, "REMIX", approval=ApproveFirst(within=Limits(vocals=False)))
    row = waiting(lea, stage)
    decide(row, "decline")
    assert "Ask again without the stems it was about" in page(client, lea, row)
    again = client.post(reverse("listeners:ask_without", args=[row.pk]))
    made = Variation.objects.latest("created_at")
    assert again.url == reverse("listeners:variation", args=[made.pk])
    assert made.request.without == [str(stage.vocals.pk)]
    assert made.request.targets == row.request.targets
    assert made.request.by_taste is False


def test_what_taste_chose_is_asked_for_again_as_chosen_by_taste(client, lea, stage, decide):
    for stem in (stage.drums, stage.vocals):
        grant(stem, stage.ana, "REMIX", approval=ApproveFirst(within=Limits(vocals=False)))
    row = waiting(lea, stage)
    VariationRequest.objects.update(by_taste=True)
    decide(row, "decline")
    client.post(reverse("listeners:ask_without", args=[row.pk]))
    assert Variation.objects.latest("created_at").request.by_taste is True


def test_where_nothing_would_be_left_no_stem_can_be_left_out(client, lea, row, decide):
    decide(row, "decline")
    assert "without the stems" not in page(client, lea, row)
    client.post(reverse("listeners:ask_without", args=[row.pk]))
    assert Variation.objects.count() == 1


def test_everybody_who_asks_for_it_is_asked(client, lea, stage, make_user, decide):
    for stem in (stage.drums, stage.vocals):
        grant(stem, stage.ben, "REMIX", approval=ANA_HEARS_FIRST)
    ben = member(make_user("Ben"), stage.ben)
    row = waiting(lea, stage)
    assert "Waits for Ana’s and Ben’s yes." in page(client, lea, row)
    told = decide(row, "approve").content.decode()
    assert "once the others who are asked" in told
    assert "Waits for Ben’s yes." in page(client, lea, row)
    decide(row, "approve", user=ben, party=stage.ben)
    assert listens(client, lea, row) == 200


def test_a_share_that_is_too_large_waits_once_it_is_measured(lea, stage):
    for stem in (stage.drums, stage.vocals):
        grant(stem, stage.ana, "REMIX", approval=ApproveFirst(share_ppm_max=500_000))
    row = waiting(lea, stage)
    asked = Approval.objects.get(clearance=row.record.clearance)
    assert (asked.state, asked.reasons) == ("WAITING", ["share"])
    for stem in (stage.drums, stage.vocals):
        grant(stem, stage.ana, "REMIX", approval=ApproveFirst(share_ppm_max=600_000))
    made = sealed(lea, stage, NOW, seed=2)
    assert Approval.objects.get(clearance=made.record.clearance).state == "RELEASED"


def test_a_withdrawal_ends_the_waiting_for_both_sides(client, lea, ana, stage, row):
    grant_id = Grant.objects.filter(party=stage.ben).first().pk
    withdraw_grant(grant_id=grant_id, actor=("user", "1"), now=NOW)
    assert not may_make(row.record_id, NOW)
    assert "A permission that this rests on was withdrawn" in page(client, lea, row)
    client.force_login(ana)
    assert "Nothing waits for you." in client.get(reverse("artists:approvals")).content.decode()


def test_who_is_not_asked_sees_and_moves_nothing(client, lea, eve, stage, row, make_user, decide):
    for user in (eve, lea, member(make_user("Ben"), stage.ben)):
        client.force_login(user)
        sound = client.get(reverse("artists:approval_audio", args=[row.pk]))
        assert sound.status_code == 404
        assert decide(row, "approve", user=user).status_code == 404
    client.force_login(eve)
    assert "Tide" not in client.get(reverse("artists:approvals")).content.decode()
    row.refresh_from_db()
    assert row.state == State.WAITING_FOR_APPROVAL


def test_without_conditions_nothing_waits(lea, db):
    made = sealed(lea, granted_stage(), NOW)
    assert made.state == State.READY
    assert not Approval.objects.exists()


def test_the_conditions_are_signed_with_the_grant(as_ines, recording, post_signed):
    url = reverse("artists:grant", args=[recording.pk])
    facts = LIMITS | {
        "grant": [cell(recording, "REMIX", "Drums")],
        "approve": "on",
        "first": "5",
        "passes_slowest": "90",
        "passes_fastest": "110",
        "passes_semitones": "2",
        "passes_share": "40",
        "passes_uses": ["REMIX"],
        "voices_wait": "on",
    }
    assert post_signed(as_ines, url, facts).status_code == 302
    wish = Grant.objects.get().approval
    assert (wish["first"], wish["share_ppm_max"], wish["uses"]) == (5, 400_000, ["REMIX"])
    assert wish["within"] == {
        "tempo_min_ratio": 0.9, "tempo_max_ratio": 1.1, "semitones_max": 2,
        "vocals": False, "with_others": True, "mix_reach": 1.0,
        "with_explicit": True, "by_taste": True,
    }  # fmt: skip
    text = as_ines.get(url).content.decode()
    assert 'name="first" value="5"' in text
    facts.pop("approve")
    post_signed(as_ines, url, facts)
    assert Grant.objects.latest("granted_at").approval == {}
