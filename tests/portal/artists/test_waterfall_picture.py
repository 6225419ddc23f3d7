"""A month's money as a picture: what the bars say, and that pages say it in digits."""

import re
from datetime import date

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from licensing.royalties.queries import statement_for
from licensing.royalties.waterfall import Came, MonthWaterfall
from portal.artists.waterfall_picture import flow_of
from portal.artists.words import micros6
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world

MONTH = date(2026, 10, 1)
AMOUNTS = st.integers(0, 10**12)


def month(came=(), back=(), joined=0, own=0, others=0, waits=(0, 0, 0)):
    return MonthWaterfall(tuple(came), tuple(back), joined, own, others, *waits)


def test_the_worked_price_as_bars():
    """9.99 is the whole width: tax 15.96 %, commission 25.21, pool 58.82; Ana's own 40.00."""
    came = [Came("PAID", "DE", 9_990_000, 1_595_042, 0, 2_518_487, 5_876_471)]
    flow = flow_of(month(came, own=3_996_001, others=1_880_470))
    assert [(one.name, one.x, one.width) for one in flow.steps] == [
        ("Paid for the month", "0.00%", "100.00%"),
        ("Tax", "84.03%", "15.96%"),
        ("Fees of payment processors", "84.03%", "0.00%"),
        ("Commission", "58.82%", "25.21%"),
        ("Pools of the month", "0.00%", "58.82%"),
        ("Yours", "0.00%", "40.00%"),
        ("Others’", "40.00%", "18.82%"),
    ]
    assert flow.given_back_micros == 0


def test_nothing_is_drawn_where_nothing_came_in_or_nothing_was_written_down():
    assert flow_of(None) is None
    assert flow_of(month()) is None


@given(st.lists(AMOUNTS, min_size=9, max_size=9))
def test_bars_of_who_got_it_and_of_what_came_off_lie_side_by_side(amounts):
    tax, fee, commission, joined, own, others, *waits = amounts
    pool = own + others + sum(waits)
    joined = min(joined, pool)
    came = Came(
        "PAID", "DE", tax + fee + commission + pool - joined, tax, fee, commission, pool - joined
    )
    flow = flow_of(month([came], [], joined, own, others, waits))
    if flow is None:
        assert sum(amounts[:3]) + pool == 0
        return
    parts = [one for one in flow.steps if one.kind in ("off", "own", "others")]
    assert sum(one.micros for one in parts) == tax + fee + commission + pool
    spans = sorted((float(one.x[:-1]), float(one.width[:-1])) for one in parts if one.micros)
    ends = 0.0
    for x, width in spans:
        assert abs(x - ends) < 0.05
        ends = x + width
    assert abs(ends - 100) < 0.1


@pytest.fixture
def ana(client, make_user, join, db):
    told.tell_the_story()
    told.close()
    user = make_user("Ana")
    join(user, world.party("Ana"), "VIEW")
    client.force_login(user)
    return client


def test_the_earnings_page_draws_it_and_says_it_in_digits(ana):
    page = ana.get(reverse("artists:earnings")).content.decode()
    table = page.split('<table class="flow">')[1].split("</table>")[0]
    for micros in (9_990_000, 1_595_042, 2_518_487, 5_876_471, 3_996_001, 1_880_470):
        assert f'<td class="num">{micros6(micros)}</td>' in table
    assert table.count("<rect") == table.count('scope="row"') == 7
    assert table.count('aria-hidden="true"') == table.count("<svg")
    assert "style=" not in table
    assert "went back to who had paid it" not in page


def test_a_line_begins_at_what_its_subscribers_paid_and_names_nobody(ana):
    line = statement_for(world.ref("Ana"), MONTH).lines[0]
    page = ana.get(reverse("artists:statement_line", args=[line.id])).content.decode()
    steps = re.findall(r'<span class="sum">(?:<b>)?([0-9.]+)', page)
    assert steps[1:4] == ["9.990000", "5.876471", "5.876471"]
    assert "Off it: tax 1.595042, fees of payment processors 0.000000, commission 2.518487" in page
    assert ">l1<" not in page
    assert "user l1" not in page
