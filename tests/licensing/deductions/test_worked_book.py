"""The worked story with an advance, a reserve, a dispute and a tax form: every micro by hand."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from licensing.attribution.models import LicenceRecord
from licensing.deductions import advances, disputes, reserves, taxes
from licensing.deductions.concerning import disputes_concerning
from licensing.deductions.models import ContestedLine, Reserve, Withheld
from licensing.deductions.rules.awards import Awarded
from licensing.deductions.rules.refusals import DeductionRefused
from licensing.ledger.queries import trial_balance
from licensing.ledger.rules import BalanceTooLow
from licensing.royalties.queries import statement_for
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world

ANA_MASTER, ANA_PUBLISHING = 822_707 + 822_706, 2 * 1_175_294
CLEO_MASTER, CLEO_PUBLISHING = 587_647, 352_588


def balanced():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return not any(trial_balance().differences().values())


@pytest.fixture
def story(db):
    """Ana: an advance of 1.00 on her master, a reserve of 10 %; Cleo's master is contested."""
    _, lamp, _, _ = told.tell_the_story()
    ana = told.advance(right="MASTER", recordings=[world.ref("Tide")])
    told.reserve()
    contested = told.dispute(stem_id=lamp.pk, right="MASTER")
    told.close()
    return ana, contested


def test_what_recoups_waits_and_is_contested_to_the_micro(story):
    """25 % of 1,645,413 is 411,353.25: 411,353. Ana's 3,996,001 less that is 3,584,648; 10 % of it
    is 358,464.8: 358,464. Cleo's master, 587,647, waits in suspense; her publishing does not.
    """
    ana, contested = story
    assert told.moved("Ana") == [("RECOUPMENT", -411_353), ("RESERVE", -358_464)]
    assert told.moved("Cleo") == [("DISPUTE", -CLEO_MASTER)]
    assert told.moved("Ben") == []
    payable = ANA_MASTER + ANA_PUBLISHING - 411_353 - 358_464
    assert told.balance("payable", told.payee("Ana")) == payable == 3_226_184
    assert told.balance("advance", ("agreement", str(ana.pk))) == 1_000_000 - 411_353
    assert told.balance("reserve", told.payee("Ana")) == 358_464
    assert told.balance("suspense", ("dispute", str(contested.pk))) == CLEO_MASTER
    assert told.balance("payable", told.payee("Cleo")) == CLEO_PUBLISHING
    assert told.balance("payable", ("society", "GEMA")) == 235_059
    assert balanced()


def test_statements_say_it_and_add_up_to_the_account(story):
    for name in ("Ana", "Ben", "Cleo"):
        view = statement_for(world.ref(name), told.MONTH)
        assert told.adds_up(name)
        assert view.closing_micros == told.balance("payable", told.payee(name))
    notes = [line.note for line in statement_for(world.ref("Ana"), told.MONTH).lines if line.note]
    assert notes == ["A-Ana; still open 0.588647", "new here until 2026-11-20"]


def test_a_reserve_comes_back_on_its_day_and_the_next_statement_opens_where_this_closed(story):
    early = world.NOVEMBER + timedelta(days=19)
    assert reserves.release_due_reserves(now=early) == 0
    assert reserves.release_due_reserves(now=early + timedelta(days=1)) == 1
    assert reserves.release_due_reserves(now=early + timedelta(days=1)) == 0
    told.close(told.NEXT)
    view = statement_for(world.ref("Ana"), told.NEXT)
    assert (view.opening_micros, view.closing_micros) == (3_226_184, 3_226_184 + 358_464)
    assert told.moved("Ana", told.NEXT) == [("RELEASE", 358_464)]
    assert statement_for(world.ref("Ben"), told.NEXT) is None


def test_a_decision_gives_the_contested_share_to_whom_it_is_due(story):
    """30 to 70 of 587,647: 176,294.1 and 411,352.9. Eve's part recoups nothing of Ana's."""
    _, contested = story
    eve = world.party("Eve")
    told.decide(contested, [("party", str(eve.pk), 300_000), (*told.payee("Cleo"), 700_000)])
    assert told.balance("payable", told.payee("Eve")) == 176_294
    assert told.balance("payable", told.payee("Cleo")) == CLEO_PUBLISHING + 411_353
    assert told.balance("suspense", ("dispute", str(contested.pk))) == 0
    assert sum(ContestedLine.objects.values_list("amount_micros", flat=True)) == 0
    assert balanced()


def test_a_decision_divides_among_five_by_largest_remainder(story):
    """587,647 over 370,001, 250,000, 200,000, 100,000 and 79,999 ppm: 217,429.977647, 146,911.75,
    117,529.4, 58,764.7 and 47,011.172353; three micro-units are left, for .98, .75 and .7.
    """
    _, contested = story
    ppm = {"Eve": 370_001, "Fay": 250_000, "Gus": 200_000, "Hal": 100_000, "Cleo": 79_999}
    for name in ("Eve", "Fay", "Gus", "Hal"):
        world.party(name)
    told.decide(contested, [(*told.payee(name), share) for name, share in ppm.items()])
    got = {"Eve": 217_430, "Fay": 146_912, "Gus": 117_529, "Hal": 58_765, "Cleo": 47_011}
    assert sum(got.values()) == CLEO_MASTER
    before = {"Cleo": CLEO_PUBLISHING}
    for name, micros in got.items():
        assert told.balance("payable", told.payee(name)) == before.get(name, 0) + micros
    assert told.balance("suspense", ("dispute", str(contested.pk))) == 0
    (seen,) = disputes_concerning(told.payee("Hal"))
    assert [part.share_ppm for part in seen.parts] == sorted(ppm.values(), reverse=True)
    assert [part.amounts["EUR"] for part in seen.parts] == sorted(got.values(), reverse=True)
    assert disputes_concerning(told.payee("Ana")) == ()
    told.close(told.NEXT)
    assert told.moved("Hal", told.NEXT) == [("DECISION", 58_765)]
    assert balanced()


def test_a_proposal_is_no_decision_and_concerns_only_whose_money_waits(story):
    _, contested = story
    eve = world.party("Eve")
    said = {"dispute_id": contested.pk, "proposed_by": "maker", "now": world.AFTER_OCTOBER}
    hers = [Awarded("party", str(eve.pk), 1_000_000)]
    disputes.propose_decision(awards=hers, reason="she wrote it", **said)
    (cleos,) = disputes_concerning(told.payee("Cleo"))
    assert (cleos.held, cleos.decision, cleos.parts) == ({"EUR": CLEO_MASTER}, "", ())
    assert disputes_concerning(told.payee("Eve")) == ()


def test_the_database_keeps_awards_whole_and_lets_decided_ones_stand(story):
    _, contested = story
    halves = [(*told.payee("Ana"), 500_000), (*told.payee("Cleo"), 500_000)]
    said = {"dispute_id": contested.pk, "proposed_by": "maker", "now": world.AFTER_OCTOBER}
    twice = [Awarded(*halves[0]), Awarded(*halves[0])]
    for wrong in ([Awarded(*halves[0])], twice, [Awarded("party", "a", 0)]):
        with pytest.raises(DeductionRefused):
            disputes.propose_decision(awards=wrong, reason="r", **said)
    disputes.propose_decision(awards=[Awarded(*one) for one in halves], reason="r", **said)
    half = f"payee_ref = '{told.payee('Ana')[1]}'"
    assert refused(f"DELETE FROM deductions_award WHERE {half}; SET CONSTRAINTS ALL IMMEDIATE")
    assert refused(f"UPDATE deductions_award SET share_ppm = 1 WHERE {half}")
    told.decide(contested, halves)
    assert refused("DELETE FROM deductions_award")
    assert refused(
        "INSERT INTO deductions_award (dispute_id, payee_kind, payee_ref, share_ppm) "
        f"VALUES ('{contested.pk}', 'society', 'GEMA', 1)"
    )


def test_what_another_dispute_contests_too_goes_on_to_it(story):
    _, contested = story
    later = told.dispute(recording_id=world.ref("Lamp"), now=world.OCTOBER + timedelta(days=1))
    told.decide(contested)
    assert told.balance("payable", told.payee("Cleo")) == CLEO_PUBLISHING
    assert told.balance("suspense", ("dispute", str(later.pk))) == CLEO_MASTER
    told.decide(later)
    assert told.balance("payable", told.payee("Cleo")) == CLEO_PUBLISHING + CLEO_MASTER
    assert balanced()


def test_an_expired_dispute_holds_until_two_people_decide_it(story):
    _, contested = story
    late = world.OCTOBER + timedelta(days=61)
    assert contested.expires_at < late
    assert reserves.release_due_reserves(now=late) == 1
    assert told.balance("suspense", ("dispute", str(contested.pk))) == CLEO_MASTER
    said = {"dispute_id": contested.pk, "now": late}
    with pytest.raises(DeductionRefused, match="Nobody has proposed"):
        disputes.confirm_decision(confirmed_by="checker", proof=told.proved(late), **said)
    with pytest.raises(DeductionRefused, match="Say why"):
        disputes.propose_decision(awards=[], reason=" ", proposed_by="maker", **said)
    disputes.propose_decision(awards=[], reason="no proof came", proposed_by="maker", **said)
    with pytest.raises(DeductionRefused, match="Somebody else"):
        disputes.confirm_decision(confirmed_by="maker", proof=told.proved(late), **said)
    assert refused(f"UPDATE deductions_dispute SET decided_by = 'maker', decided_at = '{late}'")
    disputes.confirm_decision(confirmed_by="checker", proof=told.proved(late), **said)
    with pytest.raises(DeductionRefused, match="already"):
        disputes.confirm_decision(confirmed_by="checker", proof=told.proved(late), **said)


def refused(sql):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    return True


def test_what_was_agreed_never_changes_and_is_decided_once(story):
    assert refused("UPDATE deductions_advance SET amount_micros = 1")
    assert refused("UPDATE deductions_advance SET paid_by = 'other'")
    assert refused("UPDATE deductions_reserve SET amount_micros = 1")
    assert refused("UPDATE deductions_contestedline SET amount_micros = 1")
    for table in ("advance", "reserve", "reserverule", "dispute", "withheld"):
        assert refused(f"TRUNCATE deductions_{table} CASCADE")
    row = advances.agree_advance(
        agreement="B", payee=told.payee("Ana"), amount_micros=5, currency="EUR",
        recoup_ppm=1, reason="signed", agreed_by="maker", now=world.OCTOBER,
    )  # fmt: skip
    given = {"advance_id": row.pk, "bank_ref": "x", "now": world.OCTOBER}
    with pytest.raises(DeductionRefused, match="Somebody else"):
        advances.pay_advance(paid_by="maker", proof=told.proved(world.OCTOBER), **given)
    with pytest.raises(DeductionRefused, match="second factor"):
        advances.pay_advance(paid_by="checker", proof=None, **given)


def test_a_hold_takes_what_is_payable_and_no_more(story):
    given = {
        "payee": told.payee("Ana"), "currency": "EUR", "reason": "asked by a court",
        "actor": told.ACTOR, "now": world.AFTER_OCTOBER,
    }  # fmt: skip
    key = world.ref("hold")
    with pytest.raises(BalanceTooLow):
        reserves.hold_balance(key=key, amount_micros=3_226_185, **given)
    for _ in range(2):
        reserves.hold_balance(key=key, amount_micros=3_226_184, **given)
    assert told.balance("payable", told.payee("Ana")) == 0
    for _ in range(2):
        reserves.release_reserve(reserve_id=key, actor=told.ACTOR, now=world.AFTER_OCTOBER)
    assert told.balance("payable", told.payee("Ana")) == 3_226_184


def test_income_of_us_source_waits_for_a_form_and_is_then_taxed_by_it(db):
    """9.99 of a listener billed in the US, no tax: pool 6,993,000, all of it of US source.

    Cleo earns 200,000 ppm of it: 1,398,600, halves 699,300; her publishing is 60 %: 419,580.
    Her 1,118,880 wait; with a treaty rate of 5 % 55,944 of them are withheld.
    """
    told.tell_the_story(country="US", tax=0)
    told.close()
    cleo = told.payee("Cleo")
    assert told.moved("Cleo") == [("RESERVE", -1_118_880)]
    assert told.balance("payable", cleo) == 0
    waiting = Reserve.objects.get(payee_ref=cleo[1])
    now = world.AFTER_OCTOBER
    with pytest.raises(DeductionRefused, match="tax form"):
        reserves.release_reserve(reserve_id=waiting.pk, actor=told.ACTOR, now=now)
    form = taxes.submit_tax_form(
        payee=cleo, form="W-8BEN", form_ref="vault/1", country="DE", treaty_ppm=50_000,
        signed_at=now, actor=("user", "cleo"), now=now,
    )  # fmt: skip
    assert reserves.release_due_reserves(now=now) == 0
    taxes.review_tax_form(
        profile_id=form.pk, is_accepted=True, reason="ok", actor=told.ACTOR, now=now
    )
    assert reserves.release_due_reserves(now=now) == 1
    assert told.balance("payable", cleo) == 1_118_880 - 55_944
    assert told.balance("withholding", ("country", "US")) == 55_944
    (row,) = Withheld.objects.all()
    assert (row.us_micros, row.rate_ppm, row.amount_micros) == (1_118_880, 50_000, 55_944)
    told.close(told.NEXT)
    assert told.moved("Cleo", told.NEXT) == [("RELEASE", 1_118_880), ("WITHHOLDING", -55_944)]
    assert told.adds_up("Cleo", told.NEXT)
    assert balanced()


def test_half_a_pool_of_us_source_makes_half_of_every_line_so(db):
    """A US listener and a German one play the same piece; the US part of its sum is its pool."""
    told.tell_the_story(country="US", tax=0)
    world.pay("l2", tax=0, amount=9_990_000)
    world.heard("l2", LicenceRecord.objects.get(), 3)
    told.close()
    waits = Reserve.objects.get(payee_ref=told.payee("Cleo")[1])
    view = statement_for(world.ref("Cleo"), told.MONTH)
    assert waits.amount_micros == sum(line.amount_micros // 2 for line in view.lines if line.right)
