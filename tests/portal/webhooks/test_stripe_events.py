"""Events over HTTP: believed never, and in any order with the same end.

On our stand-in alone: events that say what never was, a provider that is away or takes one transfer
for two, another question to a payee, and banks that act between any two events.
"""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from licensing.audit.models import Fact
from licensing.payouts.inbox import forget_old_events, leave_undone, sweep_payouts, try_again
from licensing.payouts.models import EventTrouble, HandledEvent, PayeeAccount, ProviderEvent
from licensing.payouts.queries import list_unhandled
from licensing.payouts.rules.states import PayoutRefused
from licensing.stripe_gateway import OutcomeUnknown
from licensing.stripe_gateway.connect import ENTRY
from portal.demo.standin.server import StandIn
from tests.hypotheses import in_every_run
from tests.licensing.payouts.purse import ANA, CLEO, NOW, Purse, books_balance, only
from tests.provider import gateway_to
from tests.provider.at_standin import AtStandIn

WHOLE = 30_000_000


@pytest.fixture
def standin():
    with StandIn() as running:
        yield running


@pytest.fixture
def purse(db, standin, settings):
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_other", standin.secret]
    return Purse(AtStandIn(standin))


def _ring(standin, event, **more):
    body, signature = standin.signed(event, **more)
    headers = {"Stripe-Signature": signature}
    asked = {"content_type": "application/json", "headers": headers}
    return Client().post("/webhooks/stripe/", body, **asked)


def test_without_a_signature_or_too_large_nothing_is_read(purse):
    post = {"path": "/webhooks/stripe/", "content_type": "application/json"}
    assert Client().post(data=b"{}", **post).status_code == 403
    assert Client().post(data=b" " * (2**20 + 1), **post).status_code == 413
    assert Client().get("/webhooks/stripe/").status_code == 405


def test_what_an_event_claims_is_not_believed(purse, standin):
    """A bank payout said to be paid, which the provider has as pending."""
    payout = purse.advance(purse.approved())
    told = next(one for one in standin.books.events if one["type"] == "payout.created")
    told["type"], told["data"]["object"]["status"] = "payout.paid", "paid"
    assert _ring(standin, told).status_code == 200
    assert sweep_payouts(gateway=purse.gateway, now=NOW) == 0
    assert only(ANA).state == payout.state == "SENT"


def test_an_event_without_an_answer_is_tried_again(purse, standin):
    payout = purse.advance(purse.approved())
    standin.books.arrive(payout.account.provider_id, payout.bank_payout_id)
    _ring(standin, standin.books.events[-1])
    with StandIn() as gone:
        away = gateway_to(gone)
    assert sweep_payouts(gateway=away, now=NOW) == 1
    assert not HandledEvent.objects.exists()
    assert sweep_payouts(gateway=purse.gateway, now=NOW) == 0
    assert HandledEvent.objects.get().outcome == "APPLIED"
    assert only(ANA).state == "PAID"


def _one_transfer_for_two(purse, standin):
    """Ana is paid; the provider says that her transfer is Cleo's too. Cleo's payout."""
    purse.advance(purse.approved())
    cleo = purse.approved(CLEO)
    (made,) = standin.books.transfers.values()
    made["metadata"], made["transfer_group"] = {ENTRY: cleo.entry.key}, cleo.entry.key
    return cleo


def test_one_event_that_nobody_foresaw_keeps_no_other_waiting(purse, standin):
    """It names a payout of which the provider tells what the database refuses."""
    cleo = _one_transfer_for_two(purse, standin)
    told = next(one for one in standin.books.events if one["type"] == "transfer.created")
    told["data"]["object"]["metadata"] = {ENTRY: cleo.entry.key}
    _ring(standin, told)
    standin.books.ask_again(PayeeAccount.objects.get(payee_ref="ana").provider_id, "company.name")
    _ring(standin, standin.books.events[-1])
    assert sweep_payouts(gateway=purse.gateway, now=NOW) == 2
    trouble = EventTrouble.objects.get()
    assert (trouble.event_id, trouble.is_set_aside) == (told["id"], True)
    assert trouble.reason.startswith("IntegrityError: ")
    assert PayeeAccount.objects.get(payee_ref="ana").currently_due == ["company.name"]
    cleo.refresh_from_db()
    assert cleo.state == "APPROVED"
    assert cleo.problem.startswith("IntegrityError: ")
    assert books_balance()


def test_what_is_set_aside_is_tried_again_when_a_person_says_so(purse, standin):
    cleo = _one_transfer_for_two(purse, standin)
    told = next(one for one in standin.books.events if one["type"] == "transfer.created")
    told["data"]["object"]["metadata"] = {ENTRY: cleo.entry.key}
    _ring(standin, told)
    sweep_payouts(gateway=purse.gateway, now=NOW)
    (made,) = standin.books.transfers.values()
    made["metadata"], made["transfer_group"] = {ENTRY: "another"}, "another"
    soon = NOW + timedelta(minutes=1)
    assert sweep_payouts(gateway=purse.gateway, now=soon) == 0
    assert not HandledEvent.objects.exists()
    said = {"reason": "mended there", "actor": ("user", "1"), "now": soon}
    try_again(event_id=told["id"], **said)
    with pytest.raises(PayoutRefused):
        try_again(event_id=told["id"], **said)
    assert sweep_payouts(gateway=purse.gateway, now=soon) == 0
    assert HandledEvent.objects.get().outcome == "APPLIED"
    assert not EventTrouble.objects.exists()
    assert only(CLEO).state == "SENT"


def test_what_is_left_undone_is_never_tried_again(purse, standin):
    cleo = _one_transfer_for_two(purse, standin)
    told = next(one for one in standin.books.events if one["type"] == "transfer.created")
    told["data"]["object"]["metadata"] = {ENTRY: cleo.entry.key}
    _ring(standin, told)
    sweep_payouts(gateway=purse.gateway, now=NOW)
    leave_undone(event_id=told["id"], reason="a mistake", actor=("user", "1"), now=NOW)
    assert (HandledEvent.objects.get().outcome, EventTrouble.objects.count()) == ("IGNORED", 0)
    fact = Fact.objects.get(verb="leave_event_undone")
    assert fact.after["it_met"].startswith("IntegrityError: ")
    assert not list_unhandled().exists()


def test_what_cannot_be_done_yet_is_tried_after_what_was_never_tried(purse):
    for number in range(3):
        ProviderEvent.objects.create(
            id=f"evt_{number}", type="a", told_at=NOW, body=b"", received_at=NOW
        )
    for number, minutes in ((0, 2), (1, 1)):
        EventTrouble.objects.create(
            event_id=f"evt_{number}", reason="no terms", last_at=NOW + timedelta(minutes=minutes)
        )
    assert [row.pk for row in list_unhandled()] == ["evt_2", "evt_1", "evt_0"]


def test_news_of_what_is_not_ours_are_put_aside(purse, standin):
    standin.books.answer_questions(standin.books.open_account({})["id"])
    _ring(standin, standin.books.events[-1])
    _ring(standin, standin.books.events[-1] | {"id": "evt_2", "type": "customer.created"})
    sweep_payouts(gateway=purse.gateway, now=NOW)
    assert set(HandledEvent.objects.values_list("outcome", flat=True)) == {"IGNORED"}


def test_a_new_question_stops_the_payee_from_being_due(purse, standin):
    id = purse.onboard(ANA)
    standin.books.ask_again(id, "individual.id_number")
    _ring(standin, standin.books.events[-1])
    sweep_payouts(gateway=purse.gateway, now=NOW)
    account = PayeeAccount.objects.get()
    assert (account.can_receive, account.currently_due) == (False, ["individual.id_number"])


def test_an_event_is_never_changed_and_forgotten_after_400_days(purse, standin):
    purse.onboard(ANA)
    _ring(standin, standin.books.events[-1])
    for sql in ("UPDATE payouts_providerevent SET body = ''", "DELETE FROM payouts_providerevent"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    row = ProviderEvent.objects.get()
    old = {"id": "evt_old", "received_at": row.received_at - timedelta(days=401)}
    ProviderEvent.objects.create(type="a", told_at=old["received_at"], body=b"", **old)
    assert forget_old_events(now=row.received_at) == 1
    assert ProviderEvent.objects.get() == row


ENDS = {
    "arrives": ("PAID", {}),
    "bounces": ("FAILED", {"payable": WHOLE}),
    "arrives and bounces": ("FAILED", {"payable": WHOLE}),
}


@given(
    end=st.sampled_from(sorted(ENDS)),
    is_lost=st.booleans(),
    late=st.integers(0, 7),
    order=st.permutations(range(8)),
    repeats=st.lists(st.integers(0, 7), max_size=2),
    sweeps=st.sets(st.integers(0, 10), max_size=3),
)
@settings(
    max_examples=in_every_run(5, long=500),
    phases=[Phase.explicit, Phase.generate],  # a story is short enough to read unshrunk
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_repeats_reordering_and_delay_end_the_same(
    purse, standin, end, is_lost, late, order, repeats, sweeps
):
    """The same news in any order, with repeats, a bank that acts in between, and our own process
    lost before it could write down what it had sent."""
    standin.books.__init__(standin.books.clock)
    standin.board.forget_keys()
    with transaction.atomic():
        _story(purse, standin, end, is_lost, late, [*order, *repeats], sweeps)
        state, money = ENDS[end]
        assert (only(ANA).state, purse.state()) == (state, money)
        assert purse.cash == standin.books.balance("")["available"][0]["amount"] * 10_000
        assert books_balance()
        transaction.set_rollback(True)


def _story(purse, standin, end, is_lost, late, order, sweeps):
    payout = purse.approved()
    if is_lost:
        standin.board.fail_next("silent_after", "/v1/payouts")
        with pytest.raises(OutcomeUnknown):
            purse.advance(payout)
    else:
        purse.advance(payout)
    (owner, id) = next(iter(standin.books.payouts))
    for number, place in enumerate(order):
        if number == late:
            _at_the_bank(standin.books, end, owner, id)
        if place < len(standin.books.events):
            _ring(standin, standin.books.events[place])
        if number in sweeps:
            sweep_payouts(gateway=purse.gateway, now=NOW)
    for event in reversed(standin.books.events):
        _ring(standin, event)
    sweep_payouts(gateway=purse.gateway, now=NOW)


def _at_the_bank(books, end, owner, id):
    if "arrives" in end:
        books.arrive(owner, id)
    if "bounces" in end:
        books.bounce(owner, id)
