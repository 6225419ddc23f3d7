"""Agreements on consent over HTTP: proposed, signed with a fresh password, unknown to strangers."""

import pytest
from django.urls import reverse
from django.utils import timezone

from licensing.clearance.models import ConsentAgreement, ConsentSignature
from portal.accounts.models import Membership
from tests.licensing.stage import set_stage

NOW = timezone.now()


@pytest.fixture
def stage(db):
    return set_stage()


@pytest.fixture
def enter(client, make_user):
    """Logs in somebody new who signs for a party."""

    def make(name, party):
        user = make_user(name)
        Membership.objects.create(user=user, party=party, role="SIGN", created_at=NOW)
        client.force_login(user)
        return user

    return make


def address(stage):
    return reverse("artists:agreement", args=[stage.tide.pk])


def sign(client, stage, party, post_signed):
    made = ConsentAgreement.objects.get()
    facts = {"sign": str(made.pk), "party": str(party.pk), "text_sha256": made.text_sha256}
    return post_signed(client, address(stage), facts)


def test_all_holders_sign_and_then_it_counts(client, stage, enter, post_signed):
    enter("Ana", stage.ana)
    assert "Everybody on the split sheets" in client.get(address(stage)).content.decode()
    post_signed(client, address(stage), {"kind": "MAJORITY"})
    sign(client, stage, stage.ana, post_signed)
    page = client.get(address(stage)).content.decode()
    assert "has not signed yet" in page
    assert "Sign as Ana" not in page
    enter("Ben", stage.ben)
    assert "Read it and sign as Ben" in client.get(reverse("artists:signatures")).content.decode()
    sign(client, stage, stage.ben, post_signed)
    page = client.get(address(stage)).content.decode()
    assert "more than half of each right" in page
    assert ConsentAgreement.objects.get().counts_from is not None


def test_one_who_speaks_for_all_needs_a_document(client, stage, enter, post_signed):
    enter("Ana", stage.ana)
    facts = {"kind": "AUTHORITY", "authority": str(stage.ana.pk)}
    page = post_signed(client, address(stage), facts).content.decode()
    assert "on which document one party speaks for all" in page
    assert not ConsentAgreement.objects.exists()
    post_signed(client, address(stage), facts | {"basis": "Letter of 1 May 2026."})
    assert ConsentAgreement.objects.get().authority == stage.ana


def test_nobody_signs_without_a_fresh_password(client, stage, enter):
    enter("Ana", stage.ana)
    assert "reauthenticate" in client.post(address(stage), {"kind": "MAJORITY"}).url
    assert not ConsentAgreement.objects.exists()


def test_a_stranger_finds_nothing_and_signs_for_nobody(client, stage, enter, eve, post_signed):
    enter("Ana", stage.ana)
    post_signed(client, address(stage), {"kind": "MAJORITY"})
    assert sign(client, stage, stage.ben, post_signed).status_code == 404
    client.force_login(eve)
    assert client.get(address(stage)).status_code == 404
    assert sign(client, stage, stage.ana, post_signed).status_code == 404
    assert not ConsentSignature.objects.exists()


def test_a_party_that_holds_all_has_nothing_to_agree_on(client, stage, enter):
    enter("Cleo", stage.cleo)
    page = client.get(reverse("artists:agreement", args=[stage.drift.pk])).content.decode()
    assert "You alone hold this recording" in page
    assert "Propose" not in page
