"""Statements as they are read: sums on pages, one line explained, files of equal bytes."""

import csv
import io
import json
from datetime import date
from fractions import Fraction

import pytest

from licensing.ledger.models import Posting
from licensing.royalties import queries
from licensing.royalties.closing import close_period
from licensing.royalties.explain import explain_line
from licensing.royalties.models import StatementLine
from licensing.royalties.setting_cards import set_rate_card
from licensing.statements.files import as_csv, as_json, file_name
from tests.licensing.royalties import small_world as world

MONTH = date(2026, 10, 1)


@pytest.fixture
def closed(db):
    """Tide (Ana 70, Ben 30) and Lamp (Cleo) in one remix; three listeners, one of them idle."""
    tide = world.recording(
        "Tide", master={"Ana": 700_000, "Ben": 300_000}, publishing={"Ana": 1_000_000}, stems=2
    )
    (lamp,) = world.recording("=Lamp()", master={"Cleo": 10**6}, publishing={"Cleo": 10**6})
    piece = world.record("7QK2", [(tide[0], 400_000), (tide[1], 400_000), (lamp, 200_000)])
    other = world.record("other", [(lamp, 1_000_000)])
    for listener in ("listener-secret-1", "listener-secret-2", "listener-secret-3"):
        world.pay(listener)
    world.heard("listener-secret-1", piece, 60)
    world.heard("listener-secret-2", piece, 1)
    world.heard("listener-secret-2", other, 2)
    world.heard("listener-secret-4", piece, 5, state="UNFUNDED")
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    return piece


def statement(name="Ana"):
    return queries.statement_for(world.ref(name), MONTH)


def line_of(name="Ana", right="MASTER", label="stem 0"):
    return next(
        line for line in statement(name).lines if (line.right, line.stem_label) == (right, label)
    )


def test_a_statement_opens_adds_and_closes(closed):
    view = statement()
    assert view.opening_micros == 0
    assert view.closing_micros == sum(line.amount_micros for line in view.lines)
    assert (view.payee_name, view.currency, view.version) == ("Ana", "EUR", 1)


def test_a_stranger_has_no_statement_and_no_earnings(closed):
    stranger = world.party("Stranger").pk
    assert queries.statement_for(stranger, MONTH) is None
    assert queries.list_statements(stranger) == ()
    assert queries.earnings_of(stranger) == queries.Earnings((), (), ())
    assert queries.model_comparison(stranger, MONTH) == ()
    assert queries.plays_so_far(stranger, MONTH) == 0


def test_earnings_sum_up_the_same_in_every_view(closed):
    earned = queries.earnings_of(world.ref("Ana"))
    (month,) = earned.months
    (tide,) = earned.recordings
    assert month.amount_micros == tide.amount_micros == sum(s.amount_micros for s in earned.stems)
    assert tide.master_micros + tide.publishing_micros == tide.amount_micros
    assert (month.plays, tide.plays, tide.variations) == (61, 61, 1)
    assert {stem.label for stem in earned.stems} == {"stem 0", "stem 1"}


def test_plays_of_an_open_month_are_counted_for_holders(closed):
    world.heard("listener-secret-1", closed, 7, since=world.NOVEMBER)
    assert queries.plays_so_far(world.ref("Ben"), date(2026, 11, 1)) == 7


def test_the_other_model_is_shown_beside_what_was_paid(closed):
    (compared,) = queries.model_comparison(world.ref("Ana"), MONTH)
    assert (compared.model, compared.other_model) == ("USER_CENTRIC", "PRO_RATA")
    assert compared.difference_micros == compared.other_micros - compared.paid_micros != 0


def test_a_line_opens_down_to_pools_and_plays(closed):
    line = line_of()
    told = explain_line(line.id)
    pools = [(pool.listener, pool.basis, pool.plays, pool.plays_of_pool) for pool in told.pools]
    assert pools == [(1, "OWN", 60, 60), (0, "FALLBACK", 61, 63), (2, "OWN", 1, 3)]
    assert sum(pool.amount_micros for pool in told.pools) == told.variation_micros
    assert told.listeners == 2
    assert [h.listener for h in told.usages].count(1) == 60
    assert len(told.usages) == line.plays == 61


def test_every_number_of_a_line_follows_from_the_one_before(closed):
    told = explain_line(line_of().id)
    assert sum(part.amount_micros for part in told.sources) == told.variation_micros
    (source,) = [part for part in told.sources if part.is_this_line]
    assert sum(part.amount_micros for part in told.rights) == source.amount_micros
    (right,) = [part for part in told.rights if part.is_this_line]
    assert sum(part.amount_micros for part in told.shares) == right.amount_micros
    (share,) = [part for part in told.shares if part.is_this_line]
    assert share.amount_micros == told.line.amount_micros
    for parts, total in ((told.sources, told.variation_micros), (told.shares, right.amount_micros)):
        for part in parts:
            exact = Fraction(total * part.weight_ppm, 1_000_000)
            assert (
                part.amount_micros - part.remainder_micros == exact.numerator // exact.denominator
            )


def test_a_line_names_its_posting(closed):
    told = explain_line(line_of().id)
    posting = Posting.objects.get(pk=told.posting_id)
    assert posting.amount_micros == told.line.amount_micros
    assert posting.entry.key == told.entry_key == f"close:2026-10:{closed.pk}:EUR"


def test_no_listeners_reference_reaches_an_artist(closed):
    view = statement()
    shown = repr(view) + repr(queries.earnings_of(world.ref("Ana")))
    shown += "".join(repr(explain_line(line.id)) for line in view.lines)
    shown += as_csv(view).decode() + as_json(view).decode()
    assert "listener-secret" not in shown


def test_every_line_of_every_statement_can_be_explained(closed):
    for line in StatementLine.objects.all():
        assert explain_line(line.pk).line.id == line.pk


def test_money_that_waits_has_a_statement_and_an_explanation_too(db):
    (bare,) = world.recording("T", master={"Ana": 10**6}, publishing=None)
    unsealed = world.record("open", [(bare, 1_000_000)], sealed=False)
    world.pay("l1")
    world.heard("l1", world.record("A", [(bare, 1_000_000)]), 1)
    world.heard("l1", unsealed, 1)
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    for payee in (("stem", str(bare.pk)), ("record", str(unsealed.pk))):
        (line,) = queries.statement_for(payee, MONTH).lines
        told = explain_line(line.id)
        posting = Posting.objects.get(pk=told.posting_id)
        assert told.line.amount_micros == posting.amount_micros > 0


def test_a_line_of_the_other_model_opens_to_one_pot(db):
    set_rate_card(
        product="listening",
        model="PRO_RATA",
        master_ppm=600_000,
        effective_from=world.LONG_AGO,
        actor=("user", "admin"),
        now=world.LONG_AGO,
    )
    (stem,) = world.recording("T", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    for listener in ("l1", "l2"):
        world.pay(listener, amount=700, kind="PROMOTION", tax=0)
    world.heard("l1", world.record("A", [(stem, 1_000_000)]), 3)
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    told = explain_line(line_of(label="stem 0").id)
    (pot,) = told.pools
    assert (pot.listener, pot.basis, pot.pool_micros, pot.plays) == (0, "PRO_RATA", 1_400, 3)
    assert told.line.amount_micros == 840


def test_plays_that_accrue_nothing_are_explained_by_their_count(closed):
    told = explain_line(StatementLine.objects.filter(kind="UNFUNDED").first().pk)
    assert (told.line.plays, told.line.amount_micros, told.pools) == (5, 0, ())


@pytest.mark.parametrize("make", [as_csv, as_json])
def test_a_file_made_again_has_the_same_bytes(closed, make):
    first = make(statement())
    renamed = StatementLine.objects.first().stem.recording
    renamed.title = "Renamed later"
    renamed.save()
    assert make(statement()) == first


def test_csv_and_json_say_the_same(closed):
    view = statement()
    told = json.loads(as_json(view))
    rows = list(csv.reader(io.StringIO(as_csv(view).decode(), newline="")))
    head = dict(row for row in rows if len(row) == 2)
    assert (head["opening"], head["closing"]) == (told["opening"], told["closing"])
    columns = next(row for row in rows if row and row[0] == "position")
    table = [dict(zip(columns, row, strict=True)) for row in rows[rows.index(columns) + 1 :]]
    assert [row["amount"] for row in table] == [line["amount"] for line in told["lines"]]
    total = sum(Fraction(line["amount"]) for line in told["lines"])
    assert Fraction(told["opening"]) + total == Fraction(told["closing"])


def test_a_title_never_becomes_a_formula(closed):
    rows = csv.reader(io.StringIO(as_csv(statement("Cleo")).decode(), newline=""))
    cells = {cell for row in rows for cell in row}
    assert "'=Lamp()" in cells
    assert "=Lamp()" not in cells


def test_a_file_is_named_by_month_currency_and_version(closed):
    assert file_name(statement(), "csv") == "statement-2026-10-EUR-v1.csv"


def test_a_payer_sees_what_its_own_listeners_played(closed):
    mine = queries.usages_of(("user", "listener-secret-2"), MONTH)
    assert sorted((count.plays, count.state, count.heard_ms) for count in mine) == [
        (1, "COUNTED", 30_000),
        (2, "COUNTED", 60_000),
    ]
    assert queries.usages_of(("user", "stranger"), MONTH) == ()
    assert queries.usages_of(("client", "listener-secret-2"), MONTH) == ()
