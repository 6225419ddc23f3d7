"""Closed months with something of everything: what the statements of this room are tested on."""

import random
from datetime import timedelta

from licensing.corrections.adjusting import adjust_lines
from licensing.corrections.refunding import refund_receipt
from licensing.corrections.restating import restate_statement
from licensing.royalties.closing import close_period
from licensing.royalties.queries import statement_for
from licensing.royalties.setting_cards import set_rate_card
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world

LATER = world.NOVEMBER + timedelta(days=9)


def two_months():
    """The worked story with an advance, a reserve and a dispute; in November its payment goes back,
    a line is corrected, October's statement of Cleo is made anew, and l2 plays and pays.
    """
    _, lamp, piece, receipt = told.tell_the_story()
    told.advance(right="MASTER")
    told.reserve("Cleo")
    told.dispute(stem_id=lamp.pk, right="MASTER", contested_ppm=500_000)
    world.heard("l9", piece, 4, state="UNFUNDED")
    told.close()
    cleo = statement_for(world.ref("Cleo"), told.MONTH)
    refund_receipt(
        key="re_1", receipt_id=receipt.pk, amount_micros=9_990_000, kind="CHARGEBACK",
        actor=told.ACTOR, now=LATER,
    )  # fmt: skip
    adjust_lines(
        key="1", corrections={cleo.lines[0].id: -100_000}, reason="wrong sheet",
        proposed_by="maker", confirmed_by="checker", now=LATER,
    )  # fmt: skip
    restate_statement(statement_id=cleo.id, reason="a refund", actor=told.ACTOR, now=LATER)
    world.pay("l2", month=world.NOVEMBER)
    world.heard("l2", piece, 2, since=world.NOVEMBER)
    told.close(told.NEXT)


def live_and_waiting():
    """A live session of uneven minutes, money without a sheet, a record that is not sealed."""
    drums, bass = world.recording(
        "Tide", master={"Ana": 333_333, "Ben": 666_667}, publishing={"Ana": 10**6}, stems=2
    )
    (bare,) = world.recording("Bare", master={"Cleo": 10**6}, publishing=None)
    session = world.session(
        "s", [drums, bass], [[(drums, 700_001), (bass, 299_999)], [(drums, 10**6)], []]
    )
    unsealed = world.record("open", [(bare, 10**6)], sealed=False)
    for listener in ("l1", "l2"):
        world.pay(listener)
    world.heard("l1", session, minutes=range(3))
    world.heard("l2", world.record("A", [(bare, 999_999), (drums, 1)]), 7)
    world.heard("l2", unsealed, 3)
    close_period(month=told.MONTH, now=world.AFTER_OCTOBER)


def shuffled(seed, model="USER_CENTRIC"):
    """A random month: uneven shares, sources and plays, idle payers, pools of a few micros; some
    shares are collected by a society, in one territory or in all.
    """
    dice = random.Random(seed)
    set_rate_card(
        product="listening", model=model, master_ppm=dice.randrange(1, 10**6),
        effective_from=world.LONG_AGO, actor=("user", "admin"), now=world.LONG_AGO,
    )  # fmt: skip
    stems = []
    for n in range(4):
        names = dice.sample(["Ana", "Ben", "Cleo", "Dov", "Eve"], 3)
        stems += world.recording(
            f"R{n}",
            master=dict(zip(names, parts(dice, 3), strict=True)),
            publishing={
                name: dice.choice([ppm, (ppm, "GEMA"), (ppm, "GEMA", ["DE"])])
                for name, ppm in zip(names, parts(dice, 3), strict=True)
            },
            stems=2,
        )
    pieces = []
    for n in range(5):
        used = dice.sample(stems, 3)
        lines, place = list(zip(used, parts(dice, 3), strict=True)), dice.choice(["DE", "FR"])
        pieces.append(world.record(f"P{n}", lines, territory=place))
    for n in range(8):
        world.pay(f"l{n}", amount=dice.choice([100, 101, 9_990_000, 7]), tax=0)
        for piece in dice.sample(pieces, dice.randrange(3)):
            world.heard(f"l{n}", piece, dice.randrange(1, 9))
    close_period(month=told.MONTH, now=world.AFTER_OCTOBER)


def parts(dice, count):
    """Uneven whole numbers above zero that are a million together."""
    cuts = sorted(dice.sample(range(1, 10**6), count - 1))
    return [b - a for a, b in zip([0, *cuts], [*cuts, 10**6], strict=True)]
