"""Disputes on the earnings page: whose money waits, who got it, and what a stranger reads."""

import pytest
from django.urls import reverse

from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world


@pytest.fixture
def page_of(client, make_user, join, db):
    """The earnings page as a member of a party sees it."""

    def read(name):
        user = make_user(f"{name} reads")
        join(user, world.party(name), "VIEW")
        client.force_login(user)
        return client.get(reverse("artists:earnings")).content.decode()

    return read


@pytest.fixture
def contested(db):
    """Cleo's master of Lamp, 587,647, is held."""
    _, lamp, _, _ = told.tell_the_story()
    row = told.dispute(stem_id=lamp.pk, right="MASTER")
    told.close()
    return row


def test_whoever_earned_it_reads_what_waits_and_nobody_else(contested, page_of):
    page = page_of("Cleo")
    assert "Eve contests 100.0000 % of Lamp, stem 0, master" in page
    assert "0.587647 EUR</b> of yours wait" in page
    for stranger in ("Ana", "Eve"):
        assert 'id="disputes"' not in page_of(stranger)


def test_a_division_among_four_is_read_whole_by_all_four_and_by_no_stranger(contested, page_of):
    """587,647 over 40, 30, 20 and 10 %: 235,058.8, 176,294.1, 117,529.4 and 58,764.7."""
    ppm = {"Eve": 400_000, "Fay": 300_000, "Gus": 200_000, "Cleo": 100_000}
    for name in ("Eve", "Fay", "Gus"):
        world.party(name)
    told.decide(contested, [(*told.payee(name), share) for name, share in ppm.items()])
    for name in ppm:
        page = page_of(name)
        for share, amount in (
            ("40.0000 %", "0.235059 EUR"), ("30.0000 %", "0.176294 EUR"),
            ("20.0000 %", "0.117529 EUR"), ("10.0000 %", "0.058765 EUR"),
        ):  # fmt: skip
            assert share in page
            assert amount in page
        assert f'{name}<small class="sub">you</small>' in page
    assert 'id="disputes"' not in page_of("Ana")


def test_what_was_given_back_is_read_by_who_earned_it_alone(contested, page_of):
    told.decide(contested)
    page = page_of("Cleo")
    assert "given back" in page
    assert "0.587647 EUR" in page
    assert 'id="disputes"' not in page_of("Eve")
