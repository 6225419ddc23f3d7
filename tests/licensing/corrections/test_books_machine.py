"""Any sequence of what happens between a receipt and a payout, held against a plain dict.

Months are closed for real; what the close earned is read line by line (other tests prove it), and
the dict does the rest by itself: contested, recouped, set aside, given back, corrected, converted.
"""

from collections import defaultdict
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from licensing.corrections.adjusting import adjust_lines
from licensing.deductions import advances, disputes, reserves, taxes
from licensing.deductions.models import Withheld
from licensing.deductions.rules.awards import Awarded
from licensing.deductions.rules.refusals import DeductionRefused
from licensing.four_eyes import SecondFactor
from licensing.ledger.operations import reverse_entry
from licensing.ledger.queries import trial_balance
from licensing.ledger.rules import AccountKey, BalanceTooLow, month_after, month_end, month_start
from licensing.money import allocate
from licensing.payouts.exchange import exchange_at, store_rate
from licensing.payouts.rules.exchange import Converted, convert
from licensing.payouts.rules.states import PayoutRefused
from licensing.royalties.closing import close_period
from licensing.royalties.models import StatementLine
from portal.demo.standin.server import StandIn
from tests.hypotheses import in_every_run, walk
from tests.licensing.corrections.books_stage import WHOLE, Stage
from tests.licensing.corrections.income_taxed import Taxed
from tests.licensing.corrections.payout_steps import CENT, NAMES, payable, payee
from tests.licensing.corrections.refund_steps import DESK, RefundSteps, suspense
from tests.licensing.ledger.sums import balances, check_entries
from tests.licensing.payouts.purse import Purse
from tests.licensing.royalties import small_world as world
from tests.provider.at_standin import AtStandIn

AMOUNTS = st.integers(1, 5_000_000)
PAID = st.one_of(st.integers(100, 9_999_999), st.integers(60_000_000, 99_999_999))
WITHHELD = AccountKey("withholding", "country", "US", "EUR")


def reserve(name):
    return AccountKey("reserve", *payee(name), "EUR")


def advance(pk):
    return AccountKey("advance", "agreement", str(pk), "EUR")


class Books(RefundSteps):
    """Two payees, two listeners, and what each account must hold."""

    stage: Stage

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.month = date(2026, 2, 1)
        self.holds = defaultdict(int)
        self.advances, self.ppm = defaultdict(list), {}
        self.disputes, self.contested = [], defaultdict(int)
        self.lines, self.converted = [], []
        self.statements = {}
        self.country, self.taxed = "DE", Taxed()
        self.purse = self.stage.purse
        self.purse.standin.board.take_up(self.stage.provider)
        self.books.clock = lambda: self.now.timestamp()
        self.stems, self.weights = self.stage.stems, self.stage.weights
        self.pieces = self.stage.pieces
        self.rates = []
        self.a_rate_is_quoted()

    def a_rate_is_quoted(self):
        quoted = {"sold": "EUR", "bought": "USD", "source": "test", "quoted_at": self.now}
        self.rates.append(store_rate(rate_nano=1_250_000_000, actor=DESK, now=self.now, **quoted))

    @property
    def now(self):
        """Six days after the end of the month that is closed next."""
        return month_end(self.month) + timedelta(days=6)

    def teardown(self):
        transaction.savepoint_rollback(self.savepoint)

    # -- what happens ------------------------------------------------------------------------------

    @initialize(
        of_ana=st.integers(1, 2),
        amount=st.integers(60_000_000, 99_999_999),
        country=st.sampled_from(["DE", "US"]),
    )
    def there_is_something_to_pay(self, of_ana, amount, country):
        """Most steps need money: a first month is closed, and the provider has some of it. All are
        billed in one country; where that is the United States, Ana has a tax form already.
        """
        self.country = country
        if country == "US":
            self.a_tax_form_is_accepted("Ana")
        self.a_month_is_paid_played_and_closed(of_ana=of_ana, of_cleo=1, amount=amount)
        self.money_comes_to_the_provider(currency="EUR", minor=amount // CENT)

    @rule(of_ana=st.integers(0, 3), of_cleo=st.integers(1, 3), amount=PAID)
    def a_month_is_paid_played_and_closed(self, of_ana, of_cleo, amount):
        """u1 plays both, u2 Cleo's alone; then what the close leaves payable is reckoned again."""
        start = month_start(self.month)
        plays = {"u1": {"Ana": of_ana, "Cleo": of_cleo}, "u2": {"Cleo": 1}}
        for listener, of in plays.items():
            paid = world.pay(listener, month=start, amount=amount, tax=0, country=self.country)
            self.receipts.append((paid, self.month, {k: v for k, v in of.items() if v}))
            for name, times in of.items():
                world.heard(listener, self.pieces[name], times, since=start)
        close_period(month=self.month, now=self.now)
        rows = StatementLine.objects.filter(
            statement__period__month=self.month, kind__in=["EARNING"], amount_micros__gt=0
        ).select_related("statement")
        earned = defaultdict(int)
        for line in rows.order_by("statement__payee_name", "position"):
            name = line.statement.payee_name
            self.lines.append((line.pk, name))
            left = self.contest(name, str(line.stem_id), line.right, line.amount_micros)
            earned[name] += left
        for name, micros in earned.items():
            self.flow(name, micros, self.month, reserves=True)
        self.month = month_after(self.month)
        self.a_rate_is_quoted()

    def contest(self, name, stem, right, micros):
        for dispute, of in self.disputes:
            if of == stem:
                self.contested[dispute, self.month, name, stem, right] += micros
                self.holds[suspense(dispute)] += micros
                return 0
        return micros

    def flow(self, name, micros, month, *, reserves):
        left, total = micros, micros
        for pk, ppm in self.advances[name]:
            take = min(self.holds[advance(pk)], total * ppm // WHOLE, left)
            self.holds[advance(pk)] -= take
            left -= take
        if reserves and name in self.ppm:
            aside = left * self.ppm[name] // WHOLE
            if aside:
                self.taxed.wait(name, month, "RULE", aside, us=aside if self.is_us else 0)
                left -= aside
        self.holds[payable(name)] += left
        if self.is_us:
            self.holds[payable(name)] -= self.taxed.let_in(name, month, left)

    @property
    def is_us(self):
        return self.country == "US"

    @precondition(lambda self: len(self.taxed.forms) < len(NAMES))
    @rule(name=st.sampled_from(NAMES))
    def a_tax_form_is_accepted(self, name):
        """30 % from then on; what waited for it waits until it is released."""
        row = taxes.submit_tax_form(
            payee=payee(name), form="W-8BEN", form_ref="f", country="DE", treaty_ppm=None,
            signed_at=self.now, actor=DESK, now=self.now,
        )  # fmt: skip
        taxes.review_tax_form(
            profile_id=row.pk, is_accepted=True, reason="ok", actor=DESK, now=self.now
        )
        self.taxed.forms.add(name)

    @rule(name=st.sampled_from(NAMES), amount=AMOUNTS, ppm=st.integers(1, WHOLE))
    def an_advance_is_paid(self, name, amount, ppm):
        row = advances.agree_advance(
            agreement=str(uuid4()), payee=payee(name), amount_micros=amount, currency="EUR",
            recoup_ppm=ppm, reason="signed", agreed_by="maker", now=self.now,
        )  # fmt: skip
        proof = SecondFactor("totp", self.now)
        advances.pay_advance(
            advance_id=row.pk, paid_by="checker", proof=proof, bank_ref="b", now=self.now
        )
        self.advances[name].append((str(row.pk), ppm))
        self.advances[name].sort(key=lambda one: self.age(one[0]))
        self.holds[advance(row.pk)] += amount

    def age(self, pk):
        row = advances.Advance.objects.get(pk=pk)
        return (row.agreed_at, pk)

    @precondition(lambda self: len(self.ppm) < len(NAMES))
    @rule(ppm=st.integers(1, WHOLE))
    def a_part_is_set_aside_from_now_on(self, ppm):
        name = NAMES[len(self.ppm)]
        reserves.place_reserve_rule(
            payee=payee(name), ppm=ppm, days=20, reason="new", actor=DESK, now=self.now
        )
        self.ppm[name] = ppm

    @rule(name=st.sampled_from(NAMES), amount=AMOUNTS)
    def a_balance_is_held(self, name, amount):
        given = {"payee": payee(name), "currency": "EUR", "reason": "r", "actor": DESK}
        key = uuid4()

        def hold():
            reserves.hold_balance(key=key, amount_micros=amount, now=self.now, **given)

        if self.holds[payable(name)] < amount:
            with pytest.raises(BalanceTooLow), transaction.atomic():
                hold()
            return
        hold()
        self.holds[payable(name)] -= amount
        self.taxed.wait(name, None, "DECISION", amount, us=0)

    @precondition(lambda self: self.taxed.waits)
    @rule()
    def everything_set_aside_is_released(self):
        """But what waits for a form that nobody sent."""
        for row in reserves.Reserve.objects.filter(released_at__isnull=True):
            whose = next(one for one in (*NAMES, "Eve") if payee(one)[1] == row.payee_ref)
            if row.why == "TAX_FORM" and whose not in self.taxed.forms:
                with pytest.raises(DeductionRefused), transaction.atomic():
                    reserves.release_reserve(reserve_id=row.pk, actor=DESK, now=self.now)
            else:
                reserves.release_reserve(reserve_id=row.pk, actor=DESK, now=self.now)
        for name, micros in self.taxed.release():
            self.holds[payable(name)] += micros

    @precondition(lambda self: len(self.disputes) < 3)
    @rule(n=st.integers(0, 2))
    def a_stem_is_contested(self, n):
        known = [of for _, of in self.disputes]
        free = [one for name in NAMES for one in self.stems[name] if one not in known]
        stem = free[n % len(free)]
        row = disputes.open_dispute(
            share=disputes.Share(stem_id=stem), claimant="Eve", reason="hers", opened_by="d",
            expires_at=self.now + timedelta(days=1), now=self.now,
        )  # fmt: skip
        self.disputes.append((row.pk, stem))

    @precondition(lambda self: self.disputes)
    @rule(is_hers=st.booleans())
    def a_dispute_is_decided(self, is_hers):
        dispute, _ = self.disputes.pop(0)
        awards = [Awarded(*payee("Eve"), WHOLE)] if is_hers else []
        given = {"dispute_id": dispute, "now": self.now}
        disputes.propose_decision(awards=awards, reason="r", proposed_by="maker", **given)
        disputes.confirm_decision(
            confirmed_by="checker", proof=SecondFactor("totp", self.now), **given
        )
        freed, months = defaultdict(int), set()
        for key in [key for key in self.contested if key[0] == dispute]:
            micros = self.contested.pop(key)
            freed["Eve" if is_hers else key[2]] += micros
            months |= {key[1]} if micros else set()
        self.holds[suspense(dispute)] = 0
        self.decided[dispute] = is_hers
        for name, micros in freed.items():
            self.flow(name, micros, min(months) if len(months) == 1 else None, reserves=False)

    @precondition(lambda self: self.lines)
    @rule(n=st.integers(0, 99), micros=st.integers(-9_999, 9_999).filter(bool))
    def a_line_is_corrected(self, n, micros):
        pk, name = self.lines[n % len(self.lines)]
        adjust_lines(
            key=str(uuid4()), corrections={pk: micros}, reason="r", proposed_by="maker",
            confirmed_by="checker", now=self.now,
        )  # fmt: skip
        self.holds[payable(name)] += micros

    @rule(name=st.sampled_from(NAMES), amount=AMOUNTS, is_old=st.booleans())
    def a_balance_is_exchanged(self, name, amount, is_old):
        """At 1.25 and a spread of 2 %, rounded down once and to the nearest; a rate lasts a day."""
        rate = self.rates[0 if is_old else -1]
        came = convert(amount, rate.rate_nano, 20_000)
        dollars = amount * 5 // 4
        got = dollars - allocate(dollars, [("payee", 98), ("spread", 2)])["spread"]
        assert came == Converted(dollars, dollars - got, got)
        given = {"payee": payee(name), "rate": rate, "sold_micros": amount, "came": came}

        def exchange():
            given.update(key=str(uuid4()), spread_ppm=20_000, now=self.now)
            return exchange_at(**given)

        if rate.quoted_at != self.now or self.holds[payable(name)] < amount:
            with pytest.raises((PayoutRefused, BalanceTooLow)), transaction.atomic():
                exchange()
            return
        self.converted.append((exchange().entry_id, name, amount, got))
        self.holds[payable(name)] -= amount
        self.holds[payable(name, "USD")] += got

    @precondition(lambda self: self.converted)
    @rule()
    def an_exchange_is_reversed(self):
        entry, name, amount, got = self.converted.pop()
        reverse_entry(key=f"r {entry}", entry_id=entry, effective_at=self.now, now=self.now)
        self.holds[payable(name)] += amount
        self.holds[payable(name, "USD")] -= got

    # -- what must hold ----------------------------------------------------------------------------

    @invariant()
    def every_account_holds_what_the_dict_says(self):
        there = balances(
            ("payable", "payout", "transit", "reserve", "advance", "suspense", "withholding")
        )
        there |= {key: micros for key, micros in balances(["cash"]).items() if key in self.holds}
        kept = {reserve(name): micros for name, micros in self.taxed.kept().items()}
        kept[WITHHELD] = self.taxed.tax()
        assert there == {key: micros for key, micros in (self.holds | kept).items() if micros}

    @invariant()
    def income_and_tax_of_the_year_are_what_the_dict_says(self):
        there = defaultdict(lambda: (0, 0))
        for ref, us, tax in Withheld.objects.values_list("payee_ref", "us_micros", "amount_micros"):
            there[ref] = (there[ref][0] + us, there[ref][1] + tax)
        assert there == {payee(name)[1]: basis for name, basis in self.taxed.basis().items()}

    @invariant()
    def books_balance_in_every_currency(self):
        check_entries()
        assert not any(trial_balance().differences().values())

    @invariant()
    def payouts_are_where_the_dict_has_them(self):
        self.check_payouts()

    @invariant()
    def every_statement_opens_where_the_last_one_closed(self):
        """Asked where a close or a correction added to them."""
        count = StatementLine.objects.count()
        if count == self.statements.get("count"):
            return
        self.statements["count"] = count
        closed = {}
        rows = StatementLine.objects.values_list(
            "statement__payee_ref", "statement__currency", "statement__period__month",
            "statement__opening_micros", "statement__closing_micros", "amount_micros",
        ).order_by("statement__period__month")  # fmt: skip
        sums = defaultdict(int)
        for *which, micros in rows:
            sums[tuple(which)] += micros
        for (who, currency, _, opening, closing), micros in sums.items():
            assert opening == closed.get((who, currency), 0)
            assert opening + micros == closing
            closed[who, currency] = closing


def test_books_hold_through_any_sequence_of_deductions_corrections_and_payouts(db):
    """500 steps in every run, or as many as a slow machine takes in a minute; 20,000 in a long
    one."""
    with StandIn() as standin:
        Books.stage = Stage(Purse(AtStandIn(standin)))
        asked = {"steps": in_every_run(500, long=20_000), "seconds": in_every_run(60, long=7_200)}
        assert walk(Books, each=60, **asked) >= 60
