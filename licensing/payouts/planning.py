"""What a run of now would pay whom, what it would exchange for it, and why it would not pay.

One reckoning serves the run, its approval, the desk and the artist's page, so they cannot disagree.
Who chose a currency is paid everything in it: what they are owed in others is exchanged in the run,
and the threshold is asked of what comes of it. Invariant: nothing is planned for two payouts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from licensing.ledger import rules as ledger
from licensing.ledger.queries import list_balances
from licensing.payouts.exchange import newest_rates
from licensing.payouts.models import PAYEE_KINDS, ExchangeRate, PayeeAccount, PaymentHold, Payout
from licensing.payouts.rules.due import Account, Due, Held, due, free_micros
from licensing.payouts.rules.exchange import SPREAD_PPM, Converted, convert
from licensing.payouts.rules.states import UNFINISHED

Payee = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Planned:
    """What of a balance in another currency a payout would exchange, and what would come of it."""

    rate: ExchangeRate
    sold_micros: int
    came: Converted


@dataclass(frozen=True, slots=True)
class Outlook:
    """One payee's balance in one currency and what a payout of now would be, exchanges included."""

    payee: Payee
    currency: str
    balance_micros: int
    due: Due
    planned: tuple[Planned, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """Everything that is known of some payees."""

    balances: Mapping[Payee, Mapping[str, int]]
    accounts: Mapping[Payee, PayeeAccount]
    held: Mapping[tuple[Payee, str], Held]
    busy: frozenset[tuple[Payee, str]]
    rates: Mapping[tuple[str, str], ExchangeRate]


def list_outlooks(currency: str, now: datetime) -> tuple[Outlook, ...]:
    """Everyone with a balance in a currency, or paid in it, with what they would be paid now."""
    known = _known(_balances(), now)
    return tuple(
        _reckon(payee, currency, known)
        for payee, mine in sorted(known.balances.items())
        if currency in mine or _pays_in(payee, known) == currency
    )


def outlook_of(payee: Payee, now: datetime) -> tuple[Outlook, ...]:
    """One payee's balances, a currency each, with what would be paid now."""
    mine = _balances(payee)
    known = _known(mine, now)
    currencies = {*mine.get(payee, {}), _pays_in(payee, known)} - {""}
    return tuple(_reckon(payee, currency, known) for currency in sorted(currencies))


def free_of(payee: Payee, currency: str, now: datetime) -> int:
    """What is payable to a payee in a currency and kept back by no hold, in micro-units."""
    known = _known(_balances(payee), now)
    balance = known.balances.get(payee, {}).get(currency, 0)
    return free_micros(balance, known.held.get((payee, currency), Held()))


def due_without(payout: Payout, now: datetime) -> Due:
    """What its payee would be due if this draft were not there, by its own planned exchanges."""
    payee = (payout.account.payee_kind, payout.account.payee_ref)
    known = _known(_balances(payee), now)
    mine = known.balances.get(payee, {})
    total = mine.get(payout.currency, 0)
    for one in payout.planned.select_related("rate"):
        sold = one.rate.sold
        if free_micros(mine.get(sold, 0), known.held.get((payee, sold), Held())) < one.sold_micros:
            return Due(0, "nothing")
        total += one.bought_micros
    return _due(payee, payout.currency, total, known, is_on_its_way=False)


def _reckon(payee: Payee, currency: str, known: _Known) -> Outlook:
    balance = known.balances.get(payee, {}).get(currency, 0)
    chosen = _pays_in(payee, known)
    if chosen not in ("", currency):
        has_rate = (currency, chosen) in known.rates
        return Outlook(payee, currency, balance, Due(0, "exchanged" if has_rate else "no_rate"))
    planned = _planned(payee, currency, known) if chosen else ()
    total = balance + sum(one.came.payable_micros for one in planned)
    is_busy = (payee, currency) in known.busy
    would = _due(payee, currency, total, known, is_on_its_way=is_busy)
    return Outlook(payee, currency, balance, would, planned if would.minor else ())


def _planned(payee: Payee, currency: str, known: _Known) -> tuple[Planned, ...]:
    """What is free in other currencies and not drafted elsewhere, at the newest rates."""
    found = []
    for sold, micros in sorted(known.balances.get(payee, {}).items()):
        rate = known.rates.get((sold, currency))
        free = free_micros(micros, known.held.get((payee, sold), Held()))
        if rate is None or free <= 0 or (payee, sold) in known.busy:
            continue
        came = convert(free, rate.rate_nano, SPREAD_PPM)
        if came.payable_micros:
            found.append(Planned(rate, free, came))
    return tuple(found)


def _due(payee: Payee, currency: str, total: int, known: _Known, *, is_on_its_way: bool) -> Due:
    row = known.accounts.get(payee)
    return due(
        total,
        currency,
        held=known.held.get((payee, currency), Held()),
        account=None if row is None else Account(row.can_receive, row.closing_at is not None),
        is_on_its_way=is_on_its_way,
    )


def _pays_in(payee: Payee, known: _Known) -> str:
    row = known.accounts.get(payee)
    return row.pays_in if row else ""


def _balances(payee: Payee | None = None) -> dict[Payee, dict[str, int]]:
    """What is payable, per payee and currency."""
    found: dict[Payee, dict[str, int]] = {}
    rows = list_balances(kind=ledger.PAYABLE, **({"owner_kind": payee[0]} if payee else {}))
    for key, micros in rows.items():
        whose = (key.owner_kind, key.owner_ref)
        if key.owner_kind in PAYEE_KINDS and payee in (None, whose):
            found.setdefault(whose, {})[key.currency] = micros
    return found


def _known(balances: Mapping[Payee, Mapping[str, int]], now: datetime) -> _Known:
    refs = [ref for _, ref in balances]
    accounts = PayeeAccount.objects.filter(payee_ref__in=refs)
    busy = Payout.objects.filter(state__in=UNFINISHED, account__payee_ref__in=refs)
    under_way = busy.values_list("account__payee_kind", "account__payee_ref", "currency")
    return _Known(
        balances=balances,
        accounts={(row.payee_kind, row.payee_ref): row for row in accounts},
        held=_held(refs),
        busy=frozenset(((kind, ref), currency) for kind, ref, currency in under_way),
        rates=newest_rates(now),
    )


def _held(refs: Iterable[str]) -> dict[tuple[Payee, str], Held]:
    """What holds in force keep back; a hold without an amount keeps everything."""
    found: dict[tuple[Payee, str], Held] = {}
    for row in PaymentHold.objects.filter(payee_ref__in=list(refs), released_at__isnull=True):
        key = ((row.payee_kind, row.payee_ref), row.currency)
        known = found.get(key, Held())
        found[key] = Held(
            known.micros + (row.amount_micros or 0),
            known.everything or row.amount_micros is None,
        )
    return found
