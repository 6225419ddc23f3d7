"""Ranges of what comparable recordings earned: exact quartiles, and silence where few played."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licensing.catalog.models import Stem
from licensing.royalties.closing import close_period
from licensing.royalties.comparables import compare, last_closed_months
from licensing.royalties.rules.comparing import Earned, quartile, ranges
from tests.licensing.royalties import small_world as world

MONTH = date(2026, 10, 1)


def earned(amount, recording, holder, **more):
    facts = {"use": "REMIX", "role": "drums", "currency": "EUR", "month": MONTH} | more
    return Earned(recording=recording, holder=holder, amount_micros=amount, **facts)


FIVE = [earned(100 * n, f"R{n}", f"H{n % 3}") for n in range(1, 6)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
def test_quartiles_are_numpys_inverted_distribution(amounts):
    for quarter in (1, 2, 3):
        expected = np.quantile(amounts, quarter / 4, method="inverted_cdf")
        assert quartile(sorted(amounts), quarter) == expected


def test_five_recordings_of_three_holders_give_a_range():
    (one,) = ranges(FIVE)
    assert (one.low_micros, one.middle_micros, one.high_micros) == (200, 300, 400)
    assert (one.use, one.role, one.recordings) == ("REMIX", "drums", 5)


@pytest.mark.parametrize(
    "few",
    [
        [],
        FIVE[:4],
        [*FIVE[:4], earned(9, "R1", "H1", month=date(2026, 9, 1))],
        [earned(100, f"R{n}", f"H{n % 2}") for n in range(9)],
        [*FIVE[:4], earned(500, "R5", "H2", use="FOCUS")],
        [*FIVE[:4], earned(500, "R5", "H2", role="bass")],
        [*FIVE[:4], earned(500, "R5", "H2", currency="USD")],
    ],
)
def test_too_few_recordings_or_holders_give_none(few):
    assert ranges(few) == ()


def test_a_quartile_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no values"):
        quartile([], 2)


def test_closed_months_are_compared_over_all_shares_and_both_rights(db):
    """1,500 micros over 1 + 2 + 3 + 4 + 5 plays; a fifth of each piece is of a bass of its own."""
    world.pay("l1", amount=1_500, kind="PROMOTION", tax=0)
    for n in range(1, 6):
        drums, bass = world.recording(
            f"R{n}", stems=2, master={f"H{n % 3}": 600_000, "Sam": 400_000},
            publishing={"Sam": 10**6},
        )  # fmt: skip
        Stem.objects.filter(pk=drums.pk).update(role="drums")
        Stem.objects.filter(pk=bass.pk).update(role="bass" if n > 1 else "")
        world.heard("l1", world.record(f"P{n}", [(drums, 800_000), (bass, 200_000)]), n)
    assert last_closed_months() == ()
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    compared = compare(last_closed_months())
    assert compared.months == (MONTH,)
    (one,) = compared.ranges
    assert (one.role, one.currency, one.recordings) == ("drums", "EUR", 5)
    assert (one.low_micros, one.middle_micros, one.high_micros) == (160, 240, 320)
