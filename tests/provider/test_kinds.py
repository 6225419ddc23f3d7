"""Which platforms scenarios run on, by the environment; a key that moves money is refused."""

import re

import pytest

from portal.demo.standin.server import StandIn
from tests.provider import STANDIN, TEST_MODE
from tests.provider.__main__ import main
from tests.provider.kinds import kinds_of


def test_without_a_key_our_stand_in_is_the_only_platform():
    assert kinds_of({}) == kinds_of({"STRIPE_TEST_KEY": ""}) == [STANDIN]


@pytest.mark.parametrize("key", ["sk_test_a", "rk_test_a"])
def test_with_a_key_of_test_mode_every_scenario_runs_there_too_and_is_marked(key):
    ours, theirs = kinds_of({"STRIPE_TEST_KEY": key})
    assert ours == STANDIN
    assert theirs.values == (TEST_MODE,)
    assert [mark.name for mark in theirs.marks] == ["stripe"]


@pytest.mark.parametrize("key", ["sk_live_a", "rk_live_a", "pk_test_a", "sk_", "whsec_a"])
def test_any_other_key_runs_nothing_at_all(key):
    with pytest.raises(pytest.UsageError, match="not a key of Stripe's test mode"):
        kinds_of({"STRIPE_TEST_KEY": key})


@pytest.mark.parametrize(
    ("key", "sentence"),
    [("", "Set STRIPE_TEST_KEY to a key"), ("sk_live_a", "nothing was run")],
)
def test_the_command_says_in_one_sentence_what_is_wrong_with_the_key(
    monkeypatch, capsys, key, sentence
):
    monkeypatch.setenv("STRIPE_TEST_KEY", key)
    assert main([]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_the_accounts_that_scenarios_want_are_opened_and_wait_for_answers(monkeypatch, capsys):
    with StandIn() as standin:
        monkeypatch.setenv("STRIPE_TEST_KEY", "sk_test_a")
        monkeypatch.setenv("STRIPE_TEST_API_BASE", standin.address)
        assert main(["--open-accounts"]) == 0
        said = capsys.readouterr().out
        takes, refuses = standin.books.accounts
        assert re.findall(r"^(\w+)=(acct_\w+)$", said, re.M) == [
            ("STRIPE_TEST_ACCOUNT", takes),
            ("STRIPE_TEST_ACCOUNT_REFUSING", refuses),
        ]
        assert said.count(f"{standin.address}/onboarding/") == 2
