"""Walks take their steps, stop when their time is over, and name the seed of what fails."""

import os
import subprocess
import sys
from itertools import count

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.hypotheses import walk


class Counting(RuleBasedStateMachine):
    """Adds what is drawn."""

    taken = 0

    @rule(n=st.integers(0, 9))
    def add(self, n):
        type(self).mro()[1].taken += 1


class Breaking(RuleBasedStateMachine):
    """Fails at a nine."""

    @rule(n=st.integers(0, 9))
    def add(self, n):
        assert n < 9


def test_a_walk_takes_all_its_steps_and_counts_them():
    taken = walk(Counting, steps=300, seconds=60, each=20)
    assert taken == Counting.taken >= 300


def test_no_walk_is_begun_after_its_seconds():
    clock = count().__next__  # a second at each look
    assert walk(Counting, steps=10**9, seconds=3, each=5, clock=clock) < 100


def test_what_fails_names_the_seed_that_walks_it_again():
    with pytest.raises(AssertionError) as failed:
        walk(Breaking, steps=1_000, seconds=60)
    assert any("--hypothesis-seed=" in note for note in failed.value.__notes__)


@pytest.mark.parametrize(("profile", "shown"), [("long", "500"), ("stemma", "5"), ("", "5")])
def test_the_environment_says_how_long_to_look(profile, shown):
    asked = os.environ | ({"HYPOTHESIS_PROFILE": profile} if profile else {})
    code = "from tests import hypotheses as h; h.register_profiles()"
    code += "; print(h.in_every_run(5, long=500))"
    ran = subprocess.run(
        [sys.executable, "-c", code], env=asked, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == shown
