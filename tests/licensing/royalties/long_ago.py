"""A month that was closed more than thirteen months ago, with everything a pool can be in it.

Three subscribers who played, one who did not, one who paid in dollars, plays that nobody paid for,
a live session, sheets that changed in the middle of the month.
"""

from datetime import UTC, date, datetime, timedelta

from django.db import connection

from licensing.corrections.refunding import refund_receipt
from licensing.ledger.models import Posting
from licensing.royalties import queries
from licensing.royalties.closing import close_period
from licensing.royalties.explain import explain_line
from licensing.royalties.models import Period, StatementLine
from licensing.royalties.retiring import retire_evidence
from licensing.statements.files import as_csv, as_json
from licensing.statements.pdf import as_pdf
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


def period():
    return Period.objects.get(month=MONTH)


def retire(month=MONTH, now=FOURTEEN_LATER):
    return retire_evidence(month=month, now=now)


def explained():
    """A line of every sum of the month, opened down to its plays."""
    rows = StatementLine.objects.filter(statement__period__month=MONTH, variation_sum__isnull=False)
    one_each = rows.order_by("variation_sum_id", "pk").distinct("variation_sum_id")
    return [explain_line(pk) for pk in one_each.values_list("pk", flat=True)]


def files():
    """Ana's statements of the month, in euros and in dollars."""
    rows = period().statements.filter(payee_name="Ana").order_by("currency")
    views = [queries.get_statement(pk) for pk in rows.values_list("pk", flat=True)]
    return [make(view) for view in views for make in (as_csv, as_json, as_pdf)]


def plays_no_more(database_server, statement):
    """What only the server's superuser can do, and another connection than ours."""
    with database_server.postgres.connect(database_server.name, "postgres") as intruder:
        intruder.execute("SET session_replication_role = replica")
        assert intruder.execute(statement).rowcount


def back(receipt):
    return refund_receipt(
        key="re_1",
        receipt_id=receipt.pk,
        amount_micros=3_330_000,
        kind="CHARGEBACK",
        actor=("user", "desk"),
        now=FOURTEEN_LATER,
    )


def taken():
    columns = ("account__kind", "account__owner_kind", "account__owner_ref", "side",
               "amount_micros", "ref")  # fmt: skip
    return sorted(Posting.objects.filter(entry__kind="refund").values_list(*columns))


def execute(statement, given=None):
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
