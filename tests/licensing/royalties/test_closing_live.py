"""Live sessions in a close: what weighs, what waits, and each line walked back to its minutes."""

import json
from datetime import date, timedelta

import pytest

from licensing.attribution.models import AttributionLine
from licensing.ledger.queries import balance_of
from licensing.ledger.rules import AccountKey
from licensing.royalties import queries
from licensing.royalties.closing import close_period
from licensing.royalties.explain import explain_line
from licensing.royalties.models import ListenerAllocation, Period, StatementLine, Usage
from licensing.royalties.remaking import BooksDisagree
from licensing.statements.files import as_csv, as_json
from tests.bent import remove
from tests.licensing.royalties import small_world as world

MONTH = date(2026, 10, 1)
WHOLE = 1_000_000


@pytest.fixture
def stems(db):
    """One of Ana's, one of Ben's."""
    return [
        world.recording(title, master={who: WHOLE}, publishing={who: WHOLE})[0]
        for title, who in (("Tide", "Ana"), ("Lamp", "Ben"))
    ]


def pay(listener="l1", amount=1_200):
    world.pay(listener, amount=amount, kind="PROMOTION", tax=0)


def close():
    return close_period(month=MONTH, now=world.AFTER_OCTOBER)


def payable(name):
    return balance_of(AccountKey("payable", "party", str(world.ref(name)), "EUR"))


def waiting(session):
    return balance_of(AccountKey("unallocated", "record", str(session.pk), "EUR"))


def only(stem):
    return [(stem, WHOLE)]


def test_minutes_that_are_silent_or_not_sealed_weigh_nothing(stems):
    ana, ben = stems
    session = world.session("live", stems, [only(ana), [], only(ben), only(ana)])
    pay()
    world.heard("l1", session, minutes=[0, 1, 2, 3, 4])
    close()
    assert (payable("Ana"), payable("Ben"), waiting(session)) == (800, 400, 0)
    assert StatementLine.objects.values_list("plays", flat=True).distinct().get() == 5


def test_minutes_that_were_not_started_weigh_nothing(stems):
    session = world.session("live", stems, [only(stems[0]), only(stems[1])])
    pay()
    world.heard("l1", session, minutes=[1])
    close()
    assert (payable("Ana"), payable("Ben")) == (0, 1_200)


@pytest.mark.parametrize("minutes", [[], [[]]])
def test_a_session_of_which_nothing_sounded_waits_unallocated(stems, minutes):
    session = world.session("live", stems, minutes)
    pay()
    world.heard("l1", session, minutes=[0])
    close()
    assert waiting(session) == 1_200
    (line,) = queries.statement_for(("record", str(session.pk)), MONTH).lines
    told = explain_line(line.id)
    assert told.sources == ()
    assert [(heard.minute, heard.ppm) for heard in told.usages] == [(0, None)]


def test_the_lines_of_a_whole_session_are_not_used_in_a_close(stems):
    ana, ben = stems
    session = world.session("live", stems, [only(ana)])
    AttributionLine.objects.create(record=session, stem=ben, ppm=WHOLE)
    session.state, session.sealed_at = "SEALED", world.LONG_AGO
    session.windows_sha256 = world.DIGEST
    session.save()
    pay()
    world.heard("l1", session, minutes=[0])
    close()
    assert (payable("Ana"), payable("Ben")) == (1_200, 0)


def test_minutes_that_accrue_weigh_alone(stems):
    ana, ben = stems
    session = world.session("live", stems, [only(ana), only(ben)])
    pay()
    world.heard("l1", session, minutes=[0])
    world.heard("ben himself", session, minutes=[1], state="SELF")
    close()
    assert (payable("Ana"), payable("Ben")) == (1_200, 0)


def test_minutes_of_ones_own_stand_on_the_statement_of_whom_they_are_of(stems):
    session = world.session("live", stems, [only(stems[0])])
    pay()
    world.heard("ana herself", session, minutes=[0], state="SELF")
    close()
    line = StatementLine.objects.get(kind="SELF")
    assert (line.statement.payee_name, line.plays, line.amount_micros) == ("Ana", 1, 0)


def test_each_minute_is_paid_by_the_sheets_of_its_moment(stems):
    """Minutes 0 and 1 are Ana's; from minute 2 on her stem's master is Cleo's. Three minutes with
    her stem alone, then one with Ben's: 300 each of 1,200.
    """
    ana, ben = stems
    change = world.OCTOBER + timedelta(minutes=2)
    sheet = {"since": change, "version": 2, "recording": ana.recording}
    world.sheet("MASTER", {"Cleo": WHOLE}, **sheet)
    session = world.session("live", stems, [only(ana), only(ana), only(ana), only(ben)])
    pay()
    world.heard("l1", session, minutes=[0, 1, 2, 3])
    close()
    assert [payable(name) for name in ("Ana", "Ben", "Cleo")] == [600 + 150, 300, 150]
    for line in StatementLine.objects.all():
        told = explain_line(line.pk)
        minutes = [heard.minute for heard in told.usages]
        assert minutes == ([0, 1] if line.sheet_id and line.source_ppm == WHOLE else [2, 3])


def test_a_sheet_of_a_stem_that_never_sounded_begins_nothing(stems):
    ana, ben = stems
    since = world.OCTOBER + timedelta(minutes=1)
    world.sheet("MASTER", {"Cleo": WHOLE}, since=since, version=2, recording=ben.recording)
    session = world.session("live", stems, [only(ana), only(ana)])
    pay()
    world.heard("l1", session, minutes=[0, 1])
    close()
    assert ListenerAllocation.objects.get().plays == [2]


@pytest.fixture
def closed(stems):
    """Three minutes, with Ana 100, 25 and 0 %; the last was sealed too late to weigh."""
    ana, ben = stems
    session = world.session("live", stems, [only(ana), [(ana, 250_000), (ben, 750_000)]])
    pay()
    world.heard("l1", session, minutes=[0, 1, 2])
    close()
    world.seal(session, 2, only(ben))
    return session


def line_of(name, right="MASTER"):
    statement = queries.statement_for(world.ref(name), MONTH)
    return next(line for line in statement.lines if line.right == right)


def test_a_line_opens_down_to_the_minutes(closed):
    line = line_of("Ana")
    told = explain_line(line.id)
    assert line.is_live
    assert (line.plays, line.source_ppm) == (3, 625_000)
    assert [(one.minute, one.ppm, one.listener) for one in told.usages] == [
        (0, WHOLE, 1),
        (1, 250_000, 1),
        (2, None, 1),
    ]
    assert [part.weight_ppm for part in told.sources] == [625_000, 375_000]
    assert [one.ppm for one in explain_line(line_of("Ben").id).usages] == [0, 750_000, None]


def test_a_minute_sealed_after_the_close_changes_no_explanation(closed):
    before = Period.objects.get().last_minute
    assert 0 < before < closed.minutes.get(minute=2).pk
    for line in StatementLine.objects.all():
        assert explain_line(line.pk).line.id == line.pk


def test_a_lost_minute_is_noticed(closed):
    remove(Usage.objects.filter(minute=0))
    with pytest.raises(BooksDisagree):
        explain_line(line_of("Ana").id)


def test_files_say_that_a_line_is_of_a_live_session(closed):
    statement = queries.statement_for(world.ref("Ana"), MONTH)
    told = json.loads(as_json(statement))
    assert {line["subject"] for line in told["lines"]} == {"session"}
    assert ",session," in as_csv(statement).decode()


def test_no_stranger_is_paid_for_a_session(closed):
    stranger = world.party("Stranger").pk
    assert queries.statement_for(stranger, MONTH) is None
    assert queries.plays_so_far(stranger, MONTH) == 0
    assert queries.plays_so_far(world.ref("Ana"), MONTH) == 3
