"""A month whose evidence is retired says the same as before: lines, files, refunds; or nothing."""

from dataclasses import replace

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from licensing.corrections.adjusting import adjust_lines
from licensing.corrections.restating import restate_statement
from licensing.receipts.models import Receipt
from licensing.royalties.explain import explain_line
from licensing.royalties.models import (
    ListenerAllocation,
    StatementLine,
)
from licensing.royalties.months import open_usage_months
from licensing.royalties.queries import get_statement, statement_for
from licensing.royalties.remaking import BooksDisagree, NotMadeAgain
from licensing.royalties.retired import verify_retired
from licensing.royalties.retiring import (
    RetiringRefused,
    put_back_evidence,
)
from licensing.royalties.setting_cards import set_rate_card
from licensing.statements.files import as_json
from tests.licensing.royalties import long_ago
from tests.licensing.royalties import small_world as world
from tests.licensing.royalties.long_ago import (
    FOURTEEN_LATER,
    MONTH,
    back,
    explained,
    files,
    period,
    plays_no_more,
    retire,
    taken,
)
from tests.licensing.royalties.test_random_books import evidence_kept, evidence_made_again


@pytest.fixture
def receipt(db):
    return long_ago.live_through()


def test_what_one_pot_gave_is_made_again_and_retired_too(db):
    set_rate_card(
        product="listening", effective_from=long_ago.AUGUST, model="PRO_RATA", master_ppm=500_000,
        actor=("user", "desk"), now=long_ago.SPRING,
    )  # fmt: skip
    long_ago.live_through()
    kept, before = evidence_kept(period()), explained()
    assert {len(pools) for pools, _, _ in kept.values()} == {1}
    assert evidence_made_again(period()) == kept
    assert retire().sums == len(kept)
    assert explained() == [
        replace(one, is_made_again=bool(one.listeners or one.pools)) for one in before
    ]


def test_a_line_of_a_retired_month_says_the_same_numbers(receipt):
    before, made = explained(), files()
    assert not any(one.is_made_again for one in before)
    kept = evidence_kept(period())
    told = retire()
    assert (told.month, told.sums) == (MONTH, len(kept))
    assert told.pools == sum(len(pools) for pools, _, _ in kept.values())
    assert not ListenerAllocation.objects.exists()
    after = explained()
    assert {one.is_made_again for one in after if one.pools} == {True}
    assert [replace(one, is_made_again=False) for one in after] == before
    assert files() == made


def test_no_listeners_reference_reaches_an_artist_from_a_retired_month(receipt):
    retire()
    shown = repr(explained())
    assert not any(name in shown for name in ("'l1'", "'l2'", "'idle'"))


@pytest.mark.parametrize(
    "doctored",
    [
        "UPDATE royalties_usage SET payer_number = (SELECT number FROM royalties_payer"
        " WHERE ref = 'l3') WHERE payer_ref = 'l1' AND played_at >= '2025-08-15'",
        "DELETE FROM royalties_usage WHERE payer_ref = 'l2'",
        "UPDATE royalties_payerpool SET pool_micros = pool_micros + 1000 WHERE payer_ref = 'l1'",
        "UPDATE royalties_retiredallocation SET sha256 = repeat('a', 64)",
    ],
)
def test_what_the_plays_do_not_give_is_not_shown(committed_db, database_server, doctored):
    with transaction.atomic():
        receipt = long_ago.live_through()
    retire()
    plays_no_more(database_server, doctored)
    line = StatementLine.objects.filter(
        variation_sum__record=world.ref("both"), statement__currency="EUR"
    ).first()
    with pytest.raises(NotMadeAgain):
        explain_line(line.pk)
    with pytest.raises(NotMadeAgain):
        files()
    with pytest.raises(NotMadeAgain):
        back(receipt)


@pytest.mark.parametrize("listener", ["l1", "idle"])
def test_a_chargeback_takes_from_a_retired_month_what_it_would_have_taken(receipt, listener):
    """Of who played, and of who did not and paid by everybody's plays."""
    receipt = Receipt.objects.get(payer_ref=listener)
    kept = transaction.savepoint()
    back(receipt)
    expected = taken()
    transaction.savepoint_rollback(kept)
    retire()
    back(receipt)
    assert taken() == expected != []


def test_a_month_that_was_put_back_is_read_from_its_lists(receipt):
    """Also when its plays lie elsewhere by then: a refund needs the lists alone."""
    kept = transaction.savepoint()
    back(receipt)
    expected = taken()
    transaction.savepoint_rollback(kept)
    retire()
    put_back_evidence(month=MONTH, now=FOURTEEN_LATER)
    with CaptureQueriesContext(connection) as asked:
        back(receipt)
    assert taken() == expected
    assert not any("royalties_usage" in query["sql"] for query in asked)


@pytest.mark.parametrize(
    "doctored",
    [
        "UPDATE royalties_retiredallocation SET sha256 = repeat('a', 64)",
        "DELETE FROM royalties_retiredallocation WHERE pool_count > 1",
        "UPDATE royalties_retiredmonth SET sha256 = repeat('a', 64)",
        "DELETE FROM royalties_retiredmonth",
    ],
)
def test_digests_are_held_to_the_log(committed_db, database_server, doctored, capsys):
    with transaction.atomic():
        long_ago.live_through()
    retire()
    assert verify_retired() == 1
    plays_no_more(database_server, doctored)
    with pytest.raises(SystemExit):
        call_command("verify_books")
    assert "digests of the evidence of 2025-08 were changed" in capsys.readouterr().out


def test_lines_of_a_retired_month_are_corrected_and_its_statement_restated(receipt):
    retire()
    first = statement_for(world.ref("Ana"), MONTH)
    line = next(one for one in first.lines if one.is_paid and one.amount_micros)
    adjust_lines(
        key="1",
        corrections={line.id: 150_000},
        reason="a wrong sheet",
        proposed_by="maker",
        confirmed_by="checker",
        now=FOURTEEN_LATER,
    )
    row = restate_statement(
        statement_id=first.id, reason="a wrong sheet", actor=("user", "desk"), now=FOURTEEN_LATER
    )
    made = get_statement(row.pk)
    assert (made.version, made.closing_micros) == (2, first.closing_micros + 150_000)
    assert b"CORRECTION" in as_json(made)
    again = next(one for one in made.lines if one.amount_micros == line.amount_micros)
    assert explain_line(again.id).is_made_again


def test_plays_may_lie_elsewhere_meanwhile(committed_db, database_server):
    """As docs/operations.md says it, by the owner of the tables."""
    with transaction.atomic():
        open_usage_months(long_ago.AUGUST)
    with transaction.atomic():
        long_ago.live_through()
    retire()
    before = explained()
    with database_server.postgres.connect(database_server.name, "stemma_owner") as owner:
        owner.execute("ALTER TABLE royalties_usage DETACH PARTITION royalties_usage_2025_08")
    with pytest.raises(NotMadeAgain):
        explained()
    with pytest.raises(RetiringRefused, match="do not give"):
        put_back_evidence(month=MONTH, now=FOURTEEN_LATER)
    with database_server.postgres.connect(database_server.name, "stemma_owner") as owner:
        owner.execute(
            "ALTER TABLE royalties_usage ATTACH PARTITION royalties_usage_2025_08"
            " FOR VALUES FROM ('2025-08-01') TO ('2025-09-01')"
        )
    assert explained() == before


def test_what_was_put_back_needs_no_plays_but_for_sessions(committed_db, database_server):
    with transaction.atomic():
        long_ago.live_through()
    before = explained()
    retire()
    put_back_evidence(month=MONTH, now=FOURTEEN_LATER)
    plays_no_more(database_server, "DELETE FROM royalties_usage")
    for told in before:
        if told.line.is_live:
            with pytest.raises(BooksDisagree):
                explain_line(told.line.id)
        else:
            assert explain_line(told.line.id) == replace(told, usages=())
