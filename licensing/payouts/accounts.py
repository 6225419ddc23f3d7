"""Payees' accounts at the provider: opened once, looked at anew whenever the provider rings.

What the provider says replaces what was known, so the order in which its news come is nothing.
"""

from datetime import datetime

from django.db import transaction

from licensing.audit.operations import record_fact
from licensing.payouts.models import PAYEE_KINDS, PayeeAccount
from licensing.payouts.rules.due import THRESHOLD_MINOR
from licensing.payouts.rules.states import APPROVED, SENT, PayoutRefused
from licensing.stripe_gateway import AccountState, Gateway

SYSTEM = ("system", "payouts")


def open_payee_account(
    *,
    payee: tuple[str, str],
    country: str,
    gateway: Gateway,
    actor: tuple[str, str],
    now: datetime,
) -> PayeeAccount:
    """The payee's account at the provider, opened there where there is none.

    `payee` is (party or society, ref). Asked twice at once it is one account: the provider gets the
    same key. Raises PayoutRefused("payee_kind"), GatewayError.
    """
    if payee[0] not in PAYEE_KINDS:
        raise PayoutRefused("payee_kind", f"A {payee[0]} is not paid out.")
    known = PayeeAccount.objects.filter(payee_kind=payee[0], payee_ref=payee[1]).first()
    if known is not None:
        return known
    name = ":".join(payee)
    state = gateway.open_account(payee=name, country=country, key=f"payee:{name}:{country}")
    with transaction.atomic():
        account, is_new = PayeeAccount.objects.get_or_create(
            payee_kind=payee[0],
            payee_ref=payee[1],
            defaults={
                "provider_id": state.id,
                "country": country,
                "opened_at": now,
                **_seen(state, now),
            },
        )
        if is_new:
            _tell(account, "open_payee_account", actor, now)
    return account


def refresh_payee_account(*, provider_id: str, gateway: Gateway, now: datetime) -> bool:
    """Write down how an account is now; False when it is none of ours. Raises GatewayError."""
    if not PayeeAccount.objects.filter(provider_id=provider_id).exists():
        return False
    state = gateway.get_account(provider_id)
    with transaction.atomic():
        account = PayeeAccount.objects.select_for_update().get(provider_id=provider_id)
        if account.seen_at > now:
            return True
        could = account.can_receive
        for name, value in _seen(state, now).items():
            setattr(account, name, value)
        account.save()
        if could != account.can_receive:
            _tell(account, "refresh_payee_account", SYSTEM, now)
    return True


@transaction.atomic
def choose_currency(
    *, payee: tuple[str, str], currency: str, actor: tuple[str, str], now: datetime
) -> PayeeAccount:
    """Pay this payee everything in one currency from the next run on; "" pays each in its own.

    Raises PayoutRefused: currency, no_account.
    """
    if currency and currency not in THRESHOLD_MINOR:
        raise PayoutRefused("currency", f"Nobody is paid in {currency} here.")
    account = _held(payee)
    if account.pays_in != currency:
        account.pays_in = currency
        account.save(update_fields=["pays_in"])
        _tell(account, "choose_currency", actor, now)
    return account


@transaction.atomic
def begin_closing(*, payee: tuple[str, str], actor: tuple[str, str], now: datetime) -> PayeeAccount:
    """The payee leaves: from now on whatever is there is paid, below the threshold too.

    Asked twice it is closing since the first time. Raises PayoutRefused("no_account").
    """
    account = _held(payee)
    if account.closing_at is None:
        account.closing_at = now
        account.save(update_fields=["closing_at"])
        _tell(account, "begin_closing", actor, now)
    return account


@transaction.atomic
def keep_account(*, payee: tuple[str, str], actor: tuple[str, str], now: datetime) -> PayeeAccount:
    """The payee stays after all: payouts wait for the threshold again.

    A draft that was made of less is dropped with its run's approval. Raises PayoutRefused:
    no_account, and on_its_way while what was closed with is being paid.
    """
    account = _held(payee)
    if account.closing_at is not None:
        if is_leaving(account):
            raise PayoutRefused("on_its_way", "It is being paid out: wait until that has arrived.")
        account.closing_at = None
        account.save(update_fields=["closing_at"])
        _tell(account, "keep_account", actor, now)
    return account


def is_leaving(account: PayeeAccount) -> bool:
    """Whether money of an account that closes is on its way to its bank."""
    return account.payouts.filter(state__in=[APPROVED, SENT]).exists()


def _held(payee: tuple[str, str]) -> PayeeAccount:
    rows = PayeeAccount.objects.select_for_update()
    account = rows.filter(payee_kind=payee[0], payee_ref=payee[1]).first()
    if account is None:
        raise PayoutRefused("no_account", "Open a payout account first.")
    return account


def _seen(state: AccountState, now: datetime) -> dict[str, object]:
    return {
        "can_receive": state.can_receive and state.can_pay_out,
        "currently_due": list(state.currently_due),
        "disabled_reason": state.disabled_reason[:100],
        "seen_at": now,
    }


def _tell(account: PayeeAccount, verb: str, actor: tuple[str, str], now: datetime) -> None:
    record_fact(
        actor=actor,
        verb=verb,
        object_kind="payee_account",
        object_ref=account.pk,
        after={
            "payee": [account.payee_kind, account.payee_ref],
            "can": account.can_receive,
            "pays_in": account.pays_in,
            "closing_at": account.closing_at.isoformat() if account.closing_at else None,
        },
        at=now,
    )
