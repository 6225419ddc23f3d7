"""Usage against allocations against ledger, night after night: what was changed is named."""

import pytest
from django.db import DatabaseError, connection, transaction

from licensing.audit.code import code_sha256
from licensing.audit.models import Fact
from licensing.royalties.agreeing import MonthDisagrees, agreeing_months, check_month
from licensing.royalties.closing import close_period
from licensing.royalties.models import Period, PlaybackToken, Usage
from tests.bent import bend
from tests.licensing.royalties import small_world as world


@pytest.fixture
def closed(db):
    """Two listeners, two pieces; October is closed."""
    (tide,) = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    (lamp,) = world.recording("Lamp", master={"Cleo": 10**6}, publishing={"Cleo": 10**6})
    pieces = [world.record("7QK2", [(tide, 10**6)]), world.record("8QK2", [(lamp, 10**6)])]
    for listener, times in (("l1", 3), ("l2", 5)):
        world.pay(listener)
        for piece in pieces:
            world.heard(listener, piece, times)
    return close_period(month=world.OCTOBER.date(), now=world.AFTER_OCTOBER)


def test_a_month_as_it_was_closed_agrees(closed):
    assert agreeing_months(world.AFTER_OCTOBER) == 1
    fact = Fact.objects.get(verb="close_period")
    assert fact.after["plays"] == 16
    assert fact.after["code"] == code_sha256()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("DELETE FROM royalties_usage WHERE listener_ref = 'l1'", "closed with 16 plays, and 10"),
        ("UPDATE royalties_usage SET state = 'SELF'", "closed with 16 plays, and 0 are there"),
        (
            "UPDATE royalties_listenerallocation SET amounts_micros[1] = amounts_micros[1] + 1",
            "sums that are not what pools gave",
        ),
        ("UPDATE royalties_variationsum SET amount_micros = amount_micros - 1", "sums that are"),
        ("UPDATE royalties_payerpool SET pool_micros = pool_micros + 1", "not given whole"),
        ("DELETE FROM royalties_listenerallocation", "sums that are not what pools gave"),
    ],
)
def test_what_was_changed_is_named(closed, change, sentence):
    bend(change)
    with pytest.raises(MonthDisagrees, match=sentence):
        check_month(Period.objects.get())


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM royalties_usage",
        "UPDATE royalties_usage SET heard_ms = 1",
        "UPDATE royalties_usage SET state = 'SELF'",
        "UPDATE royalties_playbacktoken SET payer_ref = 'eve'",
        "DELETE FROM royalties_playbacktoken",
    ],
)
def test_the_application_changes_no_play_that_counted(closed, change):
    before = list(Usage.objects.order_by("pk").values())
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)
    assert list(Usage.objects.order_by("pk").values()) == before
    assert not PlaybackToken.objects.filter(payer_ref="eve").exists()


def test_the_code_of_a_close_is_known_by_the_content_of_its_files(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.py").write_text("1\n")
    first = code_sha256(tmp_path)
    code_sha256.cache_clear()
    assert code_sha256(tmp_path) == first
    (tmp_path / "a" / "one.py").write_text("2\n")
    code_sha256.cache_clear()
    assert code_sha256(tmp_path) != first
