"""The desk says names, of payees, payers and staff, in as many queries for one as for many."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from licensing.catalog.models import Share
from licensing.invoicing.models import Invoice
from licensing.payouts.models import PayeeAccount, Payout, PayoutRun
from licensing.payouts.operations import hold_payments
from licensing.royalties.models import Anomaly, Statement, StatementLine, Usage
from portal.backoffice.names import look_up, references_of
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world
from tests.licensing.statements import books
from tests.portal.backoffice.deciding import Desk, decider

NAMES = ("Ana", "Ben", "Cleo")


@pytest.fixture
def desk(db):
    one = Desk("hanna")
    one.user.display_name = "Hanna Vogt"
    one.user.save()
    told.tell_the_story()
    return one


def read(desk, page):
    """The page, and how many queries it took."""
    with CaptureQueriesContext(connection) as queries:
        answer = desk.browser.get(page)
    assert answer.status_code == 200
    return answer.content.decode(), len(queries)


def held(desk, name):
    return hold_payments(
        payee=told.payee(name), currency="EUR", amount_micros=1_000_000, reason="asked",
        actor=("user", str(desk.user.pk)), now=timezone.now(),
    )  # fmt: skip


MADE = {
    "deductions/advance": lambda desk, name: told.advance(name),
    "deductions/reserverule": lambda desk, name: told.reserve(name),
    "payouts/paymenthold": held,
}


@pytest.mark.parametrize("page", MADE)
def test_a_list_says_names_and_asks_no_more_for_many_rows_than_for_one(desk, page):
    address = f"/admin/{page}/"
    MADE[page](desk, "Ana")
    read(desk, address)
    _, once = read(desk, address)
    for name in NAMES[1:]:
        MADE[page](desk, name)
    shown, often = read(desk, address)
    assert often == once
    for name in NAMES:
        assert f">{name}</a>" in shown or f">{name}<" in shown
        assert told.payee(name)[1] not in shown.replace(f"q={told.payee(name)[1]}", "")


def test_a_page_says_the_name_and_the_id_in_small_print_and_who_at_the_desk_did_it(desk):
    row = held(desk, "Ana")
    shown, _ = read(desk, f"/admin/payouts/paymenthold/{row.pk}/change/")
    assert f"Ana<br><small>{told.payee('Ana')[1]}</small>" in shown
    assert "Hanna Vogt<br><small>" in shown
    assert "party Ana: asked" in shown


def drafted(run, name):
    """A payout of a run, as opening one drafts it."""
    now = timezone.now()
    kind, ref = told.payee(name)
    account = PayeeAccount.objects.create(
        payee_kind=kind, payee_ref=ref, provider_id=f"acct_{name}", country="DE",
        seen_at=now, opened_at=now,
    )  # fmt: skip
    Payout.objects.create(
        run=run, account=account, currency="EUR", amount_minor=3_005, drafted_at=now
    )


def test_a_payout_run_names_whom_it_pays_and_who_opened_it_in_constant_queries(desk):
    run = PayoutRun.objects.create(
        currency="EUR", opened_by=str(desk.user.pk), opened_at=timezone.now()
    )
    page = f"/admin/payouts/payoutrun/{run.pk}/change/"
    drafted(run, "Ana")
    read(desk, page)
    _, once = read(desk, page)
    for name in ("Ben", "Cleo"):
        drafted(run, name)
    shown, often = read(desk, page)
    assert often == once
    for name in NAMES:
        assert f"party {name}" in shown
        assert told.payee(name)[1] not in shown
    assert "Hanna Vogt<br><small>" in shown
    assert shown.count("30.05 EUR") >= 3
    listed, _ = read(desk, "/admin/payouts/payout/")
    assert all(f"party {name}" in listed for name in NAMES)


def test_a_dispute_names_the_payees_of_its_lines_and_awards_in_constant_queries(desk):
    one = told.dispute(recording_id=world.ref("Lamp"))
    many = told.dispute(recording_id=world.ref("Tide"))
    told.close()
    read(desk, "/admin/deductions/dispute/")
    _, few = read(desk, f"/admin/deductions/dispute/{one.pk}/change/")
    shown, more = read(desk, f"/admin/deductions/dispute/{many.pk}/change/")
    assert many.lines.count() > one.lines.count()
    # Lamp's lines name a society too, Tide's parties alone: kinds count, rows do not.
    assert abs(more - few) <= 1
    for name in ("Ana", "Ben"):
        assert name in shown
        assert told.payee(name)[1] not in shown


def test_the_ledger_and_statements_name_whose_they_are(desk):
    told.dispute(recording_id=world.ref("Lamp"))
    told.close()
    accounts, _ = read(desk, "/admin/ledger/account/")
    assert "Cleo" in accounts
    assert "Eve" in accounts  # the suspense account of the dispute, by who contests
    assert told.payee("Cleo")[1] not in accounts
    statements, once = read(desk, "/admin/royalties/statement/")
    assert "Ana" in statements
    told.close(told.NEXT)
    assert read(desk, "/admin/royalties/statement/")[1] == once


def test_a_list_is_searched_by_the_name_of_who_it_is_about(desk):
    for name in NAMES:
        held(desk, name)
    shown, _ = read(desk, "/admin/payouts/paymenthold/?q=cle")
    assert "Cleo" in shown
    assert "Ben" not in shown


def test_listeners_are_no_column_of_the_desk_and_administrators_no_login(db):
    assert "listener_ref" not in {*references_of(Usage), *references_of(Anomaly)}
    assert "administered_by" not in references_of(Share)
    assert references_of(Invoice)["payer_ref"] == "payer_kind"
    assert look_up([("party", "no id"), ("nothing", str(world.ref("x")))]) == {}


def test_money_that_is_nobodys_yet_is_named_by_the_stem_it_waits_for(client, db):
    books.live_and_waiting()
    row = Statement.objects.get(payee_kind="stem")
    staff = decider(client)
    listed = staff.get("/admin/royalties/statement/").content.decode()
    assert "stem 0 of Bare" in listed
    assert row.payee_ref not in listed
    record = StatementLine.objects.filter(statement=row).values_list("record_id", flat=True)[0]
    case = staff.get(f"/admin/case/{record}/").content.decode()
    assert "nobody yet: stem stem 0 of Bare" in case
