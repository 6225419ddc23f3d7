"""October as a partner used it: seven remixes and two minutes of a session, at agreed prices.

7 x 12,345 + 2 x 4,000 = 94,415 micro-units; rounded down to 9 cents, 90,000, with -4,415 of
rounding; 19 % of 9 cents are 1.71, so 2 cents of tax, 20,000; to be paid 110,000.
"""

from datetime import timedelta

from licensing.four_eyes import SecondFactor
from licensing.invoicing import operations as invoicing
from licensing.ledger import rules as ledger
from licensing.ledger.queries import balance_of, trial_balance
from licensing.ledger.rules import AccountKey
from licensing.receipts.agreeing import agree_usage
from licensing.royalties import operations
from licensing.royalties.closing import close_period
from tests.licensing.royalties import small_world as world

STRIDE = ("client", "stride")
DESK, SECOND = ("user", "desk"), ("user", "second")
PRICES = {("", "PLAY"): 12_345, ("", "MINUTE"): 9_000, ("FOCUS", "MINUTE"): 4_000}
LATER = world.AFTER_OCTOBER + timedelta(days=10)


def agree(payer=STRIDE, prices=PRICES, since=world.OCTOBER, **more):
    """The payer is billed by use from a moment on."""
    given = {"country": "DE", "currency": "EUR", "due_days": 30, "billed_to": "Stride Ltd"} | more
    return agree_usage(
        payer=payer, prices=prices, effective_from=since, actor=DESK, now=since, **given
    )


def pieces():
    """A remix and a session, both of one stem that is Dora's alone."""
    (stem,) = world.recording("Lamp", master={"Dora": 10**6}, publishing={"Dora": 10**6})
    remix = world.record("7QK2", [(stem, 10**6)])
    return remix, world.session("S1", [stem], [[(stem, 10**6)]] * 2)


def use(remix, session, *, payer=STRIDE, since=world.OCTOBER, plays=7, minutes=2):
    """A customer of the payer plays; everything is reported as it is heard."""
    customer = f"customer of {payer[1]}"
    world.play(customer, remix, plays, since=since, payer=payer)
    at = since + timedelta(days=2)
    _, text = operations.issue_token(
        record_id=session.pk,
        listener=("user", customer),
        client_key="test",
        duration_ms=3_600_000,
        now=at,
        payer=payer,
    )
    for minute in range(minutes):
        operations.start_minute(token_text=text, minute=minute, now=at + timedelta(minutes=minute))


def close_october():
    """October takes nothing more."""
    return close_period(month=world.OCTOBER.date(), now=world.AFTER_OCTOBER)


def balance(kind, owner, currency="EUR"):
    """What stands on an account."""
    return balance_of(AccountKey(kind, *owner, currency))


def owed():
    """Receivable, billed and tax, in micro-units."""
    return (
        balance(ledger.RECEIVABLE, STRIDE),
        balance(ledger.BILLED, STRIDE),
        balance(ledger.TAX, ("country", "DE")),
    )


def earned(name="Dora"):
    """What is payable to a party."""
    return balance(ledger.PAYABLE, ("party", str(world.ref(name))))


def books_balance():
    """Whether debits equal credits in every currency."""
    return not any(trial_balance().differences().values())


def confirm(invoice, now=LATER, by=SECOND, **proof):
    """Somebody confirms that an invoice was paid, with a second factor shown just now."""
    shown = {"proof": SecondFactor("totp", now)} | proof
    return invoicing.confirm_payment(invoice_id=invoice.pk, confirmed_by=by[1], now=now, **shown)
