"""What the gateway promises, on the stand-in and, with STRIPE_TEST_KEY, on Stripe's test mode.

On our stand-in alone: faults on purpose, a balance of which every line is known, and lists of more
lines than anybody should make there.
"""

from datetime import UTC, datetime, timedelta

import pytest

from licensing import stripe_gateway as stripe_side
from licensing.stripe_gateway import BalanceInsufficient, Gateway, OutcomeUnknown, Refused
from portal.demo.standin.calls import FAULTS
from portal.demo.standin.server import sign
from tests.provider import STANDIN, Platform, fresh_key, gateway_to, platform_of


def _send(platform: Platform, account: str, amount: int, entry: str, key: str | None = None):
    return platform.gateway.send_transfer(
        account_id=account, amount_minor=amount, currency="EUR", entry=entry, key=key or entry
    )


def test_a_new_account_may_not_receive_and_says_what_is_asked(platform):
    made = platform.gateway.open_account(payee="party:ana", country="DE", key=fresh_key())
    assert not made.can_receive
    assert not made.can_pay_out
    assert made.currently_due
    link = platform.gateway.onboarding_link(
        made.id, back="https://example.org/back", again="https://example.org/again"
    )
    assert link.startswith("http")
    entry = fresh_key()
    with pytest.raises(Refused, match="capabilities") as refused:
        _send(platform, made.id, 100, entry)
    assert refused.value.code == "insufficient_capabilities_for_transfer"
    assert platform.gateway.find_transfer(entry) is None


def test_a_transfer_is_found_by_its_ledger_entry_and_comes_back_whole(platform):
    account = platform.ready_account()
    platform.fund(5_000)
    entry = fresh_key()
    sent = _send(platform, account, 1_234, entry)
    assert (sent.amount_minor, sent.currency, sent.account_id) == (1_234, "EUR", account)
    assert platform.gateway.find_transfer(entry) == sent
    back = platform.gateway.return_transfer(sent.id, entry=entry, key=f"{entry}:back")
    assert platform.gateway.get_transfer(sent.id).reversal_id == back


def test_the_same_key_moves_money_once_and_another_amount_is_refused(platform):
    account = platform.ready_account()
    platform.fund(5_000)
    entry = fresh_key()
    assert _send(platform, account, 500, entry) == _send(platform, account, 500, entry)
    with pytest.raises(stripe_side.KeyReused):
        _send(platform, account, 501, entry)


def test_a_transfer_beyond_the_balance_is_our_matter_and_has_its_own_name(platform):
    account = platform.ready_account()
    with pytest.raises(BalanceInsufficient):
        _send(platform, account, 99_999_999, fresh_key())


def test_every_move_of_our_balance_names_its_source_and_sums_up(standin_only):
    account = standin_only.ready_account()
    books = standin_only.standin.books
    books.fund(5_000)
    books.charge(1_000, 59)
    sent = _send(standin_only, account, 1_200, "one")
    back = standin_only.gateway.return_transfer(sent.id, entry="one", key="one:back")
    now = datetime.now(UTC)
    lines = list(
        standin_only.gateway.list_balance_lines(
            since=now - timedelta(hours=1), until=now + timedelta(hours=1)
        )
    )
    assert [(one.source[:3], one.category, one.net_minor) for one in lines] == [
        ("trr", "transfer_reversal", 1_200),
        ("tr_", "transfer", -1_200),
        ("ch_", "charge", 941),
        ("tu_", "topup", 5_000),
    ]
    assert (lines[0].source, lines[1].source) == (back, sent.id)


def test_lists_longer_than_a_page_are_read_to_their_end(standin_only):
    for _ in range(230):
        standin_only.standin.books.fund(1)
    now = datetime.now(UTC)
    lines = standin_only.gateway.list_balance_lines(
        since=now - timedelta(hours=1), until=now + timedelta(hours=1)
    )
    assert len({one.id for one in lines}) == 230


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_goes_wrong_the_same_entry_is_transferred_once(standin_only, fault):
    account = standin_only.ready_account()
    standin_only.standin.books.fund(5_000)
    standin_only.standin.board.fail_next(fault, "/v1/transfers")
    with pytest.raises(OutcomeUnknown):
        _send(standin_only, account, 700, "one")
    done = fault.endswith("_after")
    found = standin_only.gateway.find_transfer("one")
    assert (found is not None) is done
    if not done:
        key = "one:again" if fault == "broken_before" else "one"
        found = _send(standin_only, account, 700, "one", key)
    assert list(standin_only.standin.books.transfers) == [found.id]


def test_stripe_keeps_the_500_under_its_key(standin_only):
    account = standin_only.ready_account()
    standin_only.standin.books.fund(5_000)
    standin_only.standin.board.fail_next("broken_after", "/v1/transfers")
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            _send(standin_only, account, 700, "one")
    assert len(standin_only.standin.books.transfers) == 1


def test_a_bank_payout_is_found_in_its_account_and_tells_why_it_failed(standin_only):
    account = standin_only.ready_account()
    standin_only.standin.books.fund(5_000)
    _send(standin_only, account, 700, "one")
    given = {"account_id": account, "entry": "one"}
    sent = standin_only.gateway.send_bank_payout(
        amount_minor=700, currency="EUR", key="one:bank", **given
    )
    assert sent.status == "pending"
    since = datetime.now(UTC)
    assert standin_only.gateway.find_bank_payout(since=since, **given) == sent
    standin_only.standin.books.bounce(account, sent.id)
    seen = standin_only.gateway.get_bank_payout(sent.id, account_id=account)
    assert (seen.status, seen.failure) == (
        "failed",
        "The bank refused the payout (account closed).",
    )


def test_a_wrong_key_and_a_closed_door_say_nothing_about_the_money(standin_only):
    wrong = Gateway("pk_not_secret", api_base=standin_only.standin.address, retries=0)
    with pytest.raises(OutcomeUnknown):
        wrong.get_account("acct_1")
    with platform_of(STANDIN) as gone:
        pass
    with pytest.raises(OutcomeUnknown):
        gateway_to(gone.standin).get_account("acct_1")
    with pytest.raises(stripe_side.NotConfigured):
        Gateway("")


NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BODY = (
    b'{"id": "evt_1", "object": "event", "type": "payout.paid", "account": "acct_1",'
    b' "created": 1795176000, "data": {"object": {"id": "po_1", "object": "payout",'
    b' "metadata": {"ledger_entry": "payout:7"}}}}'
)


def _read(body: bytes = BODY, *, secret: str = "whsec_a", away_s: int = 0, header: str = ""):
    signature = header or sign(body, secret, int(NOW.timestamp()) + away_s)
    return stripe_side.read_event(body, signature, secrets=["whsec_a", "whsec_b"], now=NOW)


def test_a_signed_event_says_what_it_is_about():
    event = _read()
    assert (event.id, event.type, event.account_id) == ("evt_1", "payout.paid", "acct_1")
    assert (event.object_id, event.entry) == ("po_1", "payout:7")
    assert _read(secret="whsec_b") == event


def test_the_signature_is_the_one_that_stripe_documents():
    """Made by OpenSSL: printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac whsec_a."""
    made = "a4b39d8bb2e6dfa1ea9f2ea037550b767cb1f592e0a81565c3a565232799943d"
    assert sign(b'{"a":1}', "whsec_a", 1_700_000_000) == f"t=1700000000,v1={made}"


@pytest.mark.parametrize(
    "given",
    [
        {"secret": "whsec_c"},
        {"away_s": -301},
        {"away_s": 301},
        {"away_s": 4_000},
        {"header": "t=1,v1="},
        {"header": "v1=abc"},
        {"header": "nonsense"},
        {"body": b'{"a": 1}'},
        {"body": b"[]"},
        {"body": b"\xff"},
    ],
)
def test_an_event_is_refused_when_forged_stale_from_the_future_or_no_event(given):
    with pytest.raises(stripe_side.BadSignature):
        _read(**given)


@pytest.mark.parametrize("away_s", [-300, 300])
def test_an_event_within_five_minutes_to_either_side_is_taken(away_s):
    assert _read(away_s=away_s).id == "evt_1"
