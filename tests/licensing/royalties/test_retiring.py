"""Evidence goes after thirteen months if it can be made again, and not otherwise."""

import io
from datetime import UTC, date, datetime, timedelta
from importlib import import_module

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from licensing.attribution.models import LicenceRecord
from licensing.audit.models import Fact
from licensing.royalties.closing import close_period
from licensing.royalties.models import (
    ListenerAllocation,
    RetiredAllocation,
    RetiredMonth,
    Usage,
)
from licensing.royalties.remaking import lists_of
from licensing.royalties.retiring import (
    RetiringRefused,
    months_due,
    put_back_evidence,
)
from licensing.royalties.rules.retiring import is_due, kept_until
from tests.bent import remove
from tests.licensing.royalties import long_ago
from tests.licensing.royalties import small_world as world
from tests.licensing.royalties.long_ago import (
    CLOSED,
    FOURTEEN_LATER,
    MONTH,
    THIRTEEN_LATER,
    execute,
    explained,
    period,
    retire,
)
from tests.licensing.royalties.test_random_books import evidence_kept, evidence_made_again

DAY = timedelta(days=1)


@pytest.fixture
def receipt(db):
    return long_ago.live_through()


def test_evidence_is_kept_for_thirteen_months_from_the_close_and_from_the_months_end():
    def utc(*moment):
        return datetime(*moment, tzinfo=UTC)

    assert kept_until(MONTH, CLOSED) == THIRTEEN_LATER
    assert kept_until(MONTH, utc(2025, 8, 20)) == utc(2026, 10, 1)
    assert kept_until(date(2025, 12, 1), utc(2026, 1, 31, 7)) == utc(2027, 2, 28, 7)
    assert not is_due(MONTH, CLOSED, THIRTEEN_LATER - timedelta(microseconds=1))
    assert is_due(MONTH, CLOSED, THIRTEEN_LATER)


def test_the_database_counts_the_months_as_the_rule_does(db):
    with connection.cursor() as cursor:
        for day in range(0, 800, 13):
            at = CLOSED + timedelta(days=day)
            cursor.execute(
                "SELECT (%s AT TIME ZONE 'UTC' + interval '13 months') AT TIME ZONE 'UTC'", [at]
            )
            assert cursor.fetchone() == (kept_until(MONTH, at),)


def test_out_of_the_plays_comes_what_the_close_kept(receipt):
    kept = evidence_kept(period())
    assert max(len(pools) for pools, _, _ in kept.values()) > 2
    assert evidence_made_again(period()) == kept


def test_only_months_that_are_due_go_and_each_once(receipt):
    assert months_due(THIRTEEN_LATER - DAY) == ()
    with pytest.raises(RetiringRefused, match="to be kept longer"):
        retire(now=THIRTEEN_LATER - DAY)
    with pytest.raises(RetiringRefused, match="not closed"):
        retire(month=date(2025, 7, 1))
    assert months_due(THIRTEEN_LATER) == (MONTH,)
    assert retire() is not None
    assert retire() is None
    assert months_due(FOURTEEN_LATER) == ()
    fact = Fact.objects.get(verb="retire_evidence")
    assert fact.after["sha256"] == RetiredMonth.objects.get().sha256
    assert (fact.after["month"], fact.at) == ("2025-08", FOURTEEN_LATER)


def test_the_database_keeps_a_young_month_whatever_moment_it_is_told(db):
    """A month that ended less than two months ago by the server's own clock."""
    now = timezone.now()
    last = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) - DAY
    month = (last.replace(day=1) - DAY).replace(day=1)
    (stem,) = world.recording(
        "Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6}, since=long_ago.SPRING
    )
    world.pay("l1", month=month)
    world.heard("l1", world.record("A", [(stem, 10**6)]), since=month)
    closed = close_period(month=month.date(), now=now)
    with pytest.raises(RetiringRefused, match="is kept until"):
        retire(month=month.date(), now=now + timedelta(days=900))
    lists = lists_of(closed)
    with pytest.raises(DatabaseError, match="is kept until"), transaction.atomic():
        execute(
            "SELECT royalties_retire_evidence(%s, %s, %s)",
            [closed.pk, lists.sums.tolist(), ["0" * 64]],
        )
    assert ListenerAllocation.objects.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM royalties_listenerallocation",
        "UPDATE royalties_listenerallocation SET plays = pools",
        "TRUNCATE royalties_listenerallocation",
        "DELETE FROM royalties_payerpool",
        "UPDATE royalties_payerpool SET pool_micros = 1",
        "INSERT INTO royalties_retiredmonth SELECT id, now(), 1, '' FROM royalties_period",
        "INSERT INTO royalties_retiredallocation (variation_sum_id, pool_count, sha256)"
        " SELECT id, 1, '' FROM royalties_variationsum",
    ],
)
def test_the_application_cannot_remove_or_doctor_evidence(receipt, statement):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        execute(statement)


def test_not_even_the_owner_removes_evidence_past_the_function(committed_db, database_server):
    with transaction.atomic():
        long_ago.live_through()
    with (
        database_server.postgres.connect(database_server.name, "stemma_owner") as owner,
        pytest.raises(Exception, match="goes by being retired"),
    ):
        owner.execute("DELETE FROM royalties_listenerallocation")


def test_digests_that_are_not_of_what_stands_there_remove_nothing(receipt):
    sums = list(ListenerAllocation.objects.values_list("pk", flat=True))
    for wrong in (sums, sums[:-1], []):
        with pytest.raises(DatabaseError, match="was not made again"), transaction.atomic():
            execute(
                "SELECT royalties_retire_evidence(%s, %s::bigint[], %s::text[])",
                [period().pk, wrong, ["0" * 64] * len(wrong)],
            )
    assert ListenerAllocation.objects.count() == len(sums)
    assert not RetiredMonth.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda: remove(Usage.objects.filter(payer_ref="l1", played_at__gte=long_ago.MIDDLE)),
            "refuse",
        ),
        (lambda: remove(Usage.objects.filter(payer_ref="l3")), "plays are gone"),
        (
            lambda: world.heard("l1", world.record("new", [], sealed=False), since=long_ago.AUGUST),
            "of a record",
        ),
    ],
)
def test_evidence_that_the_plays_do_not_give_any_more_stays(receipt, change, words):
    kept = evidence_kept(period())
    change()
    with pytest.raises(RetiringRefused, match=words):
        retire()
    assert evidence_kept(period()) == kept
    assert not RetiredMonth.objects.exists()
    assert not Fact.objects.filter(verb="retire_evidence").exists()


def test_plays_that_evidence_is_made_from_stay_as_they_were_counted(receipt):
    retire()
    counted = Usage.objects.filter(state="COUNTED", accrual_month=MONTH)
    for change, words in (
        (counted.delete, "permission denied"),
        (lambda: counted.update(state="UPHELD"), "goes on counting"),
    ):
        with pytest.raises(DatabaseError, match=words), transaction.atomic():
            change()
    assert Usage.objects.filter(state="UNFUNDED").update(state="SELF") == 2


def test_evidence_can_be_put_back_and_go_again(receipt):
    kept = evidence_kept(period())
    with pytest.raises(RetiringRefused, match="is there"):
        put_back_evidence(month=MONTH, now=FOURTEEN_LATER)
    retire()
    digests = set(RetiredAllocation.objects.values_list("pk", "sha256"))
    assert put_back_evidence(month=MONTH, now=FOURTEEN_LATER).sums == len(kept)
    assert put_back_evidence(month=MONTH, now=FOURTEEN_LATER) is None
    assert evidence_kept(period()) == kept
    assert not any(one.is_made_again for one in explained())
    assert retire().sums == len(kept)
    assert not ListenerAllocation.objects.exists()
    assert set(RetiredAllocation.objects.values_list("pk", "sha256")) == digests


def command(*arguments):
    said = io.StringIO()
    call_command("retire_evidence", *arguments, stdout=said)
    return said.getvalue()


def test_the_command_compares_removes_once_and_puts_back(receipt):
    kept = evidence_kept(period())
    said = f"August 2025: lists of {len(kept)} sums "
    assert command("--dry-run") == f"{said}could be made again; nothing was removed.\n"
    assert evidence_kept(period()) == kept
    assert command() == f"{said}made again, removed.\n"
    assert command() == "No closed month is due.\n"
    assert command("2025-08") == "August 2025: retired already.\n"
    assert command("2025-08", "--put-back") == f"{said}put back.\n"
    assert command("2025-08", "--put-back") == "August 2025: its lists are there.\n"
    for wrong in ("2025", "August"):
        with pytest.raises(CommandError, match="Name a month"):
            command(wrong)


def test_the_command_says_which_month_stays_and_goes_on_to_the_others(receipt):
    since = long_ago.AUGUST.replace(month=9)
    piece = LicenceRecord.objects.get(pk=world.ref("alone"))
    world.pay("l9", month=since)
    world.heard("l9", piece, since=since)
    close_period(month=since.date(), now=CLOSED + timedelta(days=31))
    remove(Usage.objects.filter(payer_ref="l2"))
    with pytest.raises(SystemExit):
        command()
    assert [one.period.month for one in RetiredMonth.objects.all()] == [since.date()]


def test_a_month_in_which_nothing_was_earned_is_retired_too(db):
    (stem,) = world.recording("T", master={"A": 10**6}, publishing={"A": 10**6})
    world.heard("poor", world.record("T", [(stem, 10**6)]), since=long_ago.AUGUST, state="SELF")
    close_period(month=MONTH, now=CLOSED)
    assert retire().sums == 0
    assert retire() is None


def test_the_version_before_is_not_gone_back_to_while_lists_are_gone(receipt):
    way_back = import_module("licensing.royalties.migrations.0019_evidence_is_retired")
    execute(way_back.NOT_LOST_BACK)
    retire()
    with pytest.raises(DatabaseError, match="put it back first"), transaction.atomic():
        execute(way_back.NOT_LOST_BACK)
    put_back_evidence(month=MONTH, now=FOURTEEN_LATER)
    execute(way_back.NOT_LOST_BACK)
