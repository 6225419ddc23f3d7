"""Terms are proposed by one person and set by another, for months that have not begun alone."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from licensing.audit.models import Fact
from licensing.four_eyes import SecondFactor
from licensing.receipts.models import ProductTerms
from licensing.receipts.operations import record_receipt, set_product_terms
from licensing.receipts.queries import countries_without_terms, terms_at
from licensing.receipts.setting_terms import confirm_terms, drop_terms, propose_terms
from licensing.receipts.terms_models import ProposedTerms
from licensing.receipts.terms_rules import TermsRefused

OCTOBER, NOVEMBER = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 20, tzinfo=UTC)


def propose(**changes):
    values = {
        "key": uuid4(), "country": "FR", "tax_ppm": 200_000, "commission_ppm": 250_000,
        "effective_from": NOVEMBER, "reason": "We sell there.", "proposed_by": "maker", "now": NOW,
    }  # fmt: skip
    return propose_terms(**(values | changes))


def confirm(row, who="checker", now=NOW, proof=None):
    proof = proof or SecondFactor("totp", now)
    return confirm_terms(proposal_id=row.pk, confirmed_by=who, proof=proof, now=now)


def pay(key, country="FR", begins=NOVEMBER, **more):
    return record_receipt(
        key=key, kind="SUBSCRIPTION", payer=("user", key), amount_micros=12_000_000,
        currency="EUR", covers_from=begins, covers_until=begins + timedelta(days=30),
        tax_micros=2_000_000, country=country, now=begins, **more,
    )  # fmt: skip


def test_nothing_holds_before_the_second_person_and_then_from_its_month_on(db):
    row = propose()
    assert terms_at("listening", "FR", NOVEMBER).country == ""
    confirm(row)
    held = terms_at("listening", "FR", NOVEMBER)
    assert (held.country, held.tax_ppm, held.commission_ppm) == ("FR", 200_000, 250_000)
    assert terms_at("listening", "FR", NOVEMBER - timedelta(microseconds=1)).country == ""
    assert pay("before", begins=OCTOBER).commission_micros == 3_000_000
    assert pay("after").commission_micros == 2_500_000


@pytest.mark.parametrize(
    "begins", [OCTOBER, NOW, NOVEMBER + timedelta(days=1), NOVEMBER + timedelta(seconds=1)]
)
def test_terms_begin_with_a_month_that_has_not_begun(db, begins):
    with pytest.raises(TermsRefused) as refused:
        propose(effective_from=begins)
    assert refused.value.code == "not_ahead"
    assert not ProposedTerms.objects.exists()


def test_what_waited_until_its_month_began_is_not_set_any_more(db):
    row = propose()
    with pytest.raises(TermsRefused) as refused:
        confirm(row, now=NOVEMBER)
    assert refused.value.code == "not_ahead"
    assert terms_at("listening", "FR", NOVEMBER).country == ""
    with pytest.raises(TermsRefused):
        set_product_terms(
            product="listening", country="FR", tax_ppm=0, commission_ppm=0,
            effective_from=OCTOBER, actor=("user", "1"), now=NOW,
        )  # fmt: skip


def test_who_proposed_does_not_set_and_who_sets_shows_a_second_factor(db):
    row = propose()
    old = SecondFactor("totp", NOW - timedelta(minutes=6))
    for who, proof, code in (
        ("maker", None, "same_person"),
        ("checker", old, "stale_second_factor"),
        ("checker", SecondFactor("password", NOW), "no_second_factor"),
    ):
        with pytest.raises(TermsRefused) as refused:
            confirm(row, who=who, proof=proof)
        assert refused.value.code == code
    assert not ProductTerms.objects.filter(country="FR").exists()


def test_the_database_refuses_one_pair_of_eyes_and_another_word_later(db):
    row = propose()
    proved = {"state": "CARRIED_OUT", "decided_at": NOW, "proof_method": "totp", "proved_at": NOW}
    terms = ProductTerms.objects.get(country="DE")
    for change in (
        {**proved, "decided_by": "maker", "terms": terms},
        {**proved, "decided_by": "checker", "terms": None},
        {**proved, "decided_by": "checker", "terms": terms, "decided_at": NOVEMBER},
        {"tax_ppm": 0},
        {"effective_from": DECEMBER},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            ProposedTerms.objects.filter(pk=row.pk).update(**change)
    confirm(row)
    with pytest.raises(DatabaseError), transaction.atomic():
        ProposedTerms.objects.filter(pk=row.pk).update(reason="Another.")
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()


def test_a_country_and_month_wait_once_and_are_decided_once(db):
    row = propose()
    assert propose(key=row.pk) == row
    for do in (propose, lambda: (confirm(row), propose())):
        with pytest.raises(TermsRefused) as refused:
            do()
        assert refused.value.code == "proposed"
    with pytest.raises(TermsRefused) as refused:
        drop_terms(proposal_id=row.pk, reason="no", dropped_by="maker", now=NOW)
    assert refused.value.code == "decided"


def test_the_log_says_who_when_before_and_after(db):
    row = propose()
    confirm(row)
    told = Fact.objects.filter(object_kind="proposed_terms").order_by("sequence")
    assert [(fact.verb, fact.actor_ref, fact.at) for fact in told] == [
        ("propose_terms", "maker", NOW),
        ("confirm_terms", "checker", NOW),
    ]
    for fact in told:
        assert fact.before == {"tax_ppm": 0, "commission_ppm": 300_000}
        assert fact.after["tax_ppm"] == 200_000
        assert fact.after["from"] == "November 2026"


def test_what_is_dropped_changes_nothing_and_says_why(db):
    row = drop_terms(proposal_id=propose().pk, reason="Not yet.", dropped_by="maker", now=NOW)
    assert (row.state, row.decision, row.decided_by) == ("DROPPED", "Not yet.", "maker")
    assert not ProductTerms.objects.filter(country="FR").exists()
    assert propose().state == "OPEN"


def test_countries_in_which_money_comes_in_without_terms_are_named(db):
    assert countries_without_terms("listening", NOVEMBER) == ()
    for key, country in enumerate(("FR", "DE", "AT", "FR", "US")):
        pay(f"r{key}", country=country)
    assert countries_without_terms("listening", NOVEMBER) == ("AT", "FR", "US")
    confirm(propose())
    assert countries_without_terms("listening", NOVEMBER) == ("AT", "US")
    assert countries_without_terms("listening", OCTOBER) == ("AT", "FR", "US")
