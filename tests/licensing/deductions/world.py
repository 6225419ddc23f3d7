"""The worked story of royalties with what is agreed, contested and set aside around it.

9.99 EUR of one listener, pool 5,876,471, one piece: Tide (Ana 70, Ben 30 of the master; Ana's
publishing), two stems of 400,000 ppm, and Cleo's Lamp, 200,000. What everyone earned is worked
in tests/licensing/royalties/test_worked_book.py.
"""

from datetime import date, timedelta

from licensing.deductions import advances, disputes, reserves
from licensing.deductions.rules.awards import Awarded
from licensing.four_eyes import SecondFactor
from licensing.ledger.queries import balance_of
from licensing.ledger.rules import AccountKey
from licensing.royalties.closing import close_period
from licensing.royalties.queries import statement_for
from tests.licensing.royalties import small_world as world

MONTH, NEXT = date(2026, 10, 1), date(2026, 11, 1)
ACTOR = ("user", "desk")


def proved(now):
    """A second factor shown just now."""
    return SecondFactor("totp", now)


def payee(name):
    return ("party", str(world.ref(name)))


def tell_the_story(**payment):
    """Catalog, payment and plays; returns (Tide's stems, Lamp's stem, piece, receipt)."""
    tide = world.recording(
        "Tide", master={"Ana": 700_000, "Ben": 300_000}, publishing={"Ana": 1_000_000}, stems=2
    )
    (lamp,) = world.recording(
        "Lamp", master={"Cleo": 1_000_000}, publishing={"Cleo": 600_000, "Dov": (400_000, "GEMA")}
    )
    piece = world.record("7QK2", [(tide[0], 400_000), (tide[1], 400_000), (lamp, 200_000)])
    receipt = world.pay("l1", **payment)
    world.heard("l1", piece, 60)
    return tide, lamp, piece, receipt


def advance(name="Ana", micros=1_000_000, ppm=250_000, **more):
    """An advance agreed by one person and paid by another."""
    row = advances.agree_advance(
        agreement=more.pop("agreement", f"A-{name}"), payee=payee(name), amount_micros=micros,
        currency="EUR", recoup_ppm=ppm, reason="signed", agreed_by="maker", now=world.OCTOBER,
        **more,
    )  # fmt: skip
    return advances.pay_advance(
        advance_id=row.pk, paid_by="checker", proof=proved(world.OCTOBER),
        bank_ref=f"bank {row.agreement}", now=world.OCTOBER,
    )  # fmt: skip


def reserve(name="Ana", ppm=100_000, days=20):
    return reserves.place_reserve_rule(
        payee=payee(name), ppm=ppm, days=days, reason="new here", actor=ACTOR, now=world.OCTOBER
    )


def dispute(now=world.OCTOBER, **share):
    return disputes.open_dispute(
        share=disputes.Share(**share), claimant="Eve", reason="says it is hers", opened_by="desk",
        expires_at=now + timedelta(days=60), now=now,
    )  # fmt: skip


def decide(row, awards=(), now=world.AFTER_OCTOBER):
    """`awards`: (kind, ref, ppm) each."""
    awards = [Awarded(*one) for one in awards]
    disputes.propose_decision(
        dispute_id=row.pk, awards=awards, reason="as agreed", proposed_by="maker", now=now
    )
    return disputes.confirm_decision(
        dispute_id=row.pk, confirmed_by="checker", proof=proved(now), now=now
    )


def close(month=MONTH):
    now = world.AFTER_OCTOBER if month == MONTH else world.AFTER_NOVEMBER
    return close_period(month=month, now=now)


def balance(kind, owner, currency="EUR"):
    return balance_of(AccountKey(kind, *owner, currency))


def moved(name, month=MONTH):
    """The lines of a statement that no plays made: (kind, amount)."""
    view = statement_for(world.ref(name), month)
    return [(line.kind, line.amount_micros) for line in view.lines if not line.is_of_plays]


def adds_up(name, month=MONTH):
    """Whether opening, lines and closing of a statement agree."""
    view = statement_for(world.ref(name), month)
    lines = sum(line.amount_micros for line in view.lines)
    return view.opening_micros + lines == view.closing_micros
