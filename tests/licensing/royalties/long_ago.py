"""A month that was closed more than thirteen months ago, with everything a pool can be in it.

Three subscribers who played, one who did not, one who paid in dollars, plays that nobody paid for,
a live session, sheets that changed in the middle of the month.
"""

from datetime import UTC, date, datetime, timedelta

from licensing.royalties.closing import close_period
from tests.licensing.royalties import small_world as world

SPRING, AUGUST = datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 8, 1, tzinfo=UTC)
MONTH = date(2025, 8, 1)
CLOSED = datetime(2025, 9, 6, tzinfo=UTC)
THIRTEEN_LATER = datetime(2026, 10, 6, tzinfo=UTC)
FOURTEEN_LATER = datetime(2026, 11, 6, tzinfo=UTC)
MIDDLE = AUGUST + timedelta(days=14)


def hear():
    """What was played in August 2025 and paid for; returns the first subscriber's receipt."""
    tide = world.recording(
        "Tide",
        master={"Ana": 700_000, "Ben": 300_000},
        publishing={"Ana": 10**6},
        stems=2,
        since=SPRING,
    )
    (lamp,) = world.recording(
        "Lamp", master={"Cleo": 10**6}, publishing={"Cleo": 10**6}, since=SPRING
    )
    both = world.record("both", [(tide[0], 400_000), (tide[1], 400_000), (lamp, 200_000)])
    alone = world.record("alone", [(lamp, 10**6)])
    unpaid = world.record("unpaid", [(lamp, 10**6)])
    live = world.session("live", [tide[0], lamp], [[(tide[0], 10**6)], [(lamp, 10**6)]])
    first, *_ = (world.pay(name, month=AUGUST) for name in ("l1", "l2", "l3", "idle"))
    world.pay("l2", month=AUGUST, amount=7_770_001, currency="USD", tax=0)
    plays = [("l1", both, 3), ("l1", alone, 4), ("l2", both, 7), ("l2", alone, 2), ("l3", alone, 1)]
    for listener, piece, times in [*plays, ("poor", unpaid, 2)]:
        world.heard(listener, piece, times, since=AUGUST)
    world.sheet(
        "MASTER",
        {"Ana": 500_000, "Ben": 500_000},
        since=MIDDLE,
        version=2,
        recording=tide[0].recording,
    )
    world.heard("l1", both, 5, since=MIDDLE)
    world.heard("l3", live, minutes=range(2), since=AUGUST)
    world.heard("l4", both, 2, since=AUGUST, state="UNFUNDED")
    return first


def live_through():
    """The month, heard and closed; returns the first subscriber's receipt."""
    receipt = hear()
    close_period(month=MONTH, now=CLOSED)
    return receipt
