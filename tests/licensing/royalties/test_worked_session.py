"""The worked book of a live session: one listener's 9.99 EUR over two plays and three minutes.

Every amount was reckoned by hand. 5,876,471 reach what was heard; a started minute is one usage, as
a play is, so the variation gets two fifths and the session three.
"""

from datetime import date

import pytest

from licensing.ledger.queries import balance_of, list_balances
from licensing.ledger.rules import AccountKey
from licensing.royalties.closing import close_period
from licensing.royalties.models import StatementLine, VariationSum
from tests.licensing.royalties import small_world as world

MONTH = date(2026, 10, 1)


@pytest.fixture
def story(db):
    tide = world.recording(
        "Tide", master={"Ana": 700_000, "Ben": 300_000}, publishing={"Ana": 1_000_000}, stems=2
    )
    (lamp,) = world.recording(
        "Lamp", master={"Cleo": 1_000_000}, publishing={"Cleo": 600_000, "Dov": (400_000, "GEMA")}
    )
    piece = world.record("7QK2", [(tide[0], 400_000), (tide[1], 400_000), (lamp, 200_000)])
    minutes = [
        [(tide[0], 1_000_000)],
        [(tide[0], 250_000), (lamp, 750_000)],
        [(tide[0], 333_333), (tide[1], 333_333), (lamp, 333_334)],
    ]
    session = world.session("live", [*tide, lamp], minutes)
    world.pay("l1")
    world.heard("l1", piece, 2)
    world.heard("l1", session, minutes=[0, 1, 2])
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    return piece, session


def payable(kind, ref):
    return balance_of(AccountKey("payable", kind, str(ref), "EUR"))


def test_the_pool_goes_two_fifths_to_the_plays_and_three_to_the_minutes(story):
    """2,350,588.4 and 3,525,882.6: the one left over goes to the larger fraction."""
    given = {row.record_id: (row.plays, row.amount_micros) for row in VariationSum.objects.all()}
    assert given == {story[0].pk: (2, 2_350_588), story[1].pk: (3, 3_525_883)}


def test_a_sessions_sources_are_the_sums_of_its_minutes(story):
    """1,583,333 : 333,333 : 1,083,334 over 3,000,000 is 527,777.67, 111,111, 361,111.33."""
    lines = StatementLine.objects.filter(record=story[1])
    shares = dict(lines.values_list("stem_id", "source_ppm"))
    assert shares == {
        world.ref("Tide 0"): 527_778,
        world.ref("Tide 1"): 111_111,
        world.ref("Lamp 0"): 361_111,
    }
    amounts = dict(lines.values_list("stem_id", "source_micros"))
    assert amounts == {
        world.ref("Tide 0"): 1_860_884,
        world.ref("Tide 1"): 391_764,
        world.ref("Lamp 0"): 1_273_235,
    }


def test_every_micro_of_the_story(story):
    """By hand, the variation: 2,350,588 over 4 : 4 : 2 is 940,235.2 twice and 470,117.6: 940,235,
    940,235, 470,118. Each stem of Tide: 470,118 master (a tie goes to MASTER) and 470,117
    publishing; 70 : 30 of the master 329,082.6 and 141,035.4: 329,083 and 141,035. Lamp: halves
    235,059; the master is Cleo's; 60 : 40 is 141,035.4 and 94,023.6: 141,035 and 94,024.

    The session: 3,525,883 over its ppm is 1,860,883.478, 391,764.386 and 1,273,235.136; the one
    left over goes to the first. Tide 0: halves 930,442; 70 : 30 is 651,309.4 and 279,132.6:
    651,309, 279,133. Tide 1: halves 195,882; 70 : 30 is 137,117.4 and 58,764.6: 137,117, 58,765.
    Lamp: 636,618 master, 636,617 publishing; 60 : 40 is 381,970.2 and 254,646.8: 381,970, 254,647.
    """
    of_plays = 2 * (329_083 + 470_117)
    of_minutes = 651_309 + 930_442 + 137_117 + 195_882
    assert payable("party", world.ref("Ana")) == of_plays + of_minutes == 3_513_150
    assert payable("party", world.ref("Ben")) == 2 * 141_035 + 279_133 + 58_765 == 619_968
    cleo = 235_059 + 141_035 + 636_618 + 381_970
    assert payable("party", world.ref("Cleo")) == cleo == 1_394_682
    assert payable("society", "GEMA") == 94_024 + 254_647 == 348_671
    assert payable("party", world.ref("Dov")) == 0
    assert sum(list_balances(kind="payable").values()) == 5_876_471
