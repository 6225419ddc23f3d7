"""Rate cards are proposed by one person and set by another; what has begun keeps its own."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from licensing.audit.models import Fact
from licensing.four_eyes import SecondFactor
from licensing.receipts.terms_rules import TermsRefused
from licensing.royalties.card_models import ProposedCard
from licensing.royalties.closing import close_period
from licensing.royalties.models import RateCard
from licensing.royalties.queries import statement_for
from licensing.royalties.setting_cards import confirm_card, drop_card, propose_card, set_rate_card
from tests.licensing.royalties import small_world as world

NOW = world.OCTOBER + timedelta(days=20)


def propose(**changes):
    values = {
        "key": uuid4(), "model": "PRO_RATA", "master_ppm": 600_000, "reason": "As voted.",
        "effective_from": world.NOVEMBER, "proposed_by": "maker", "now": NOW,
    }  # fmt: skip
    return propose_card(**(values | changes))


def confirm(row, who="checker", now=NOW):
    proof = SecondFactor("totp", now)
    return confirm_card(proposal_id=row.pk, confirmed_by=who, proof=proof, now=now)


def earned(month):
    """What A's and B's artists were paid."""
    views = (statement_for(world.ref(name), month.date()) for name in ("Ana", "Ben"))
    return [sum(line.amount_micros for line in view.lines) for view in views]


def test_a_month_that_had_begun_is_divided_by_its_own_card_and_the_next_by_the_new_one(db):
    """Both months alike: u1 plays A twice, u2 plays B eight times; pools of 700 each.

    User-centric 700 and 700; pro-rata 1,400 over 2:8, 280 and 1,120.
    """
    pieces = []
    for name, artist in (("A", "Ana"), ("B", "Ben")):
        (stem,) = world.recording(name, master={artist: 10**6}, publishing={artist: 10**6})
        pieces.append(world.record(f"piece {name}", [(stem, 10**6)]))
    for month in (world.OCTOBER, world.NOVEMBER):
        for listener, piece, plays in (("u1", pieces[0], 2), ("u2", pieces[1], 8)):
            world.pay(listener, amount=1_000, tax=0, month=month)
            world.heard(listener, piece, plays, since=month)
    card = confirm(propose())
    october = close_period(month=world.OCTOBER.date(), now=world.AFTER_OCTOBER)
    november = close_period(month=world.NOVEMBER.date(), now=world.AFTER_NOVEMBER)
    assert october.rate_card.model == "USER_CENTRIC"
    assert november.rate_card == card
    assert (earned(world.OCTOBER), earned(world.NOVEMBER)) == ([700, 700], [280, 1_120])


@pytest.mark.parametrize("begins", [world.OCTOBER, world.NOVEMBER + timedelta(days=14)])
def test_a_card_begins_with_a_month_that_has_not_begun(db, begins):
    with pytest.raises(TermsRefused) as refused:
        propose(effective_from=begins)
    assert refused.value.code == "not_ahead"
    with pytest.raises(TermsRefused):
        set_rate_card(
            product="listening", model="PRO_RATA", master_ppm=1, effective_from=world.OCTOBER,
            actor=("user", "1"), now=NOW,
        )  # fmt: skip


def test_who_proposed_does_not_set_it_and_a_month_that_began_meanwhile_keeps_its_card(db):
    row = propose()
    for more, code in (({"who": "maker"}, "same_person"), ({"now": world.NOVEMBER}, "not_ahead")):
        with pytest.raises(TermsRefused) as refused:
            confirm(row, **more)
        assert refused.value.code == code
    with pytest.raises(DatabaseError), transaction.atomic():
        ProposedCard.objects.filter(pk=row.pk).update(master_ppm=1)
    assert RateCard.objects.count() == 1


def test_one_card_waits_for_a_month_and_a_dropped_one_leaves_room_for_another(db):
    row = propose()
    with pytest.raises(TermsRefused) as refused:
        propose()
    assert refused.value.code == "proposed"
    drop_card(proposal_id=row.pk, reason="Not yet.", dropped_by="maker", now=NOW)
    confirm(propose())
    with pytest.raises(TermsRefused) as refused:
        propose()
    assert refused.value.code == "proposed"


def test_the_log_says_who_before_and_after(db):
    confirm(propose())
    told = Fact.objects.filter(object_kind="proposed_rate_card").order_by("sequence")
    assert [(fact.verb, fact.actor_ref) for fact in told] == [
        ("propose_rate_card", "maker"),
        ("confirm_rate_card", "checker"),
    ]
    assert {fact.before["model"] for fact in told} == {"USER_CENTRIC"}
    assert {fact.after["model"] for fact in told} == {"PRO_RATA"}
