"""Power at the desk is given on the record; what was given past it is named the next night."""

import csv
import io

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client

from licensing.audit.models import Fact
from portal.accounts import powers
from portal.accounts.models import User


@pytest.fixture
def lea(db):
    return User.objects.create_user("lea@example.org", "a-long-word")


def access(*arguments):
    out = io.StringIO()
    call_command("access", *arguments, stdout=out)
    return out.getvalue()


def give(power, to="lea@example.org"):
    return access("--give", power, "--to", to, "--because", "She joined.", "--by", "board")


def test_what_is_given_can_be_done_and_stands_on_the_record(lea):
    assert "money given" in give("money")
    lea = User.objects.get()
    assert lea.has_perm("corrections.decide_money")
    assert not lea.has_perm("catalog.decide_rights")
    browser = Client()
    browser.force_login(lea)
    assert browser.get("/admin/").status_code == 200
    fact = Fact.objects.get(verb="give_power")
    assert (fact.object_ref, fact.actor_ref) == (str(lea.pk), "board")
    assert fact.after == {"power": "money", "reason": "She joined."}
    assert "every one" in access("--check")


def test_what_is_taken_can_be_done_no_more(lea):
    give("money")
    access("--take", "money", "--to", "lea@example.org", "--because", "She left.")
    assert not User.objects.get().has_perm("corrections.decide_money")
    give("rights")
    access("--take", "desk", "--to", "LEA@example.org", "--because", "She left.")
    assert powers.powers_of(User.objects.get()) == ()
    browser = Client()
    browser.force_login(User.objects.get())
    assert browser.get("/admin/").status_code != 200


def test_a_power_that_no_fact_gave_is_named(lea):
    lea.user_permissions.add(Permission.objects.get(codename="decide_money"))
    with pytest.raises(CommandError, match=r"lea@example.org holds money"):
        access("--check")
    give("money")
    assert "every one" in access("--check")
    User.objects.create_superuser("root@example.org", "a-long-word")
    with pytest.raises(CommandError, match=r"root@example.org holds everything"):
        access("--check")


def test_a_power_given_again_past_the_record_after_it_was_taken_is_named(lea):
    give("money")
    access("--take", "money", "--to", "lea@example.org", "--because", "She left.")
    User.objects.get().user_permissions.add(Permission.objects.get(codename="decide_money"))
    assert powers.strangers_to_the_record() == [("lea@example.org", "money")]


def test_the_table_names_everybody_with_a_power_and_nobody_else(lea):
    User.objects.create_user("omar@example.org", "a-long-word")
    give("money")
    give("nets")
    (row,) = csv.DictReader(io.StringIO(access()))
    assert row == {
        "login": "lea@example.org", "active": "yes", "powers": "desk money nets",
        "second_factors": "none", "last_login": "never",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--give", "money"), "Name the login"),
        (("--give", "money", "--to", "no@example.org", "--because", "x"), "Nobody here"),
        (("--give", "money", "--to", "lea@example.org"), "Say why"),
    ],
)
def test_odd_words_are_refused_in_a_sentence(lea, arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        access(*arguments)
    assert not Fact.objects.exists()
