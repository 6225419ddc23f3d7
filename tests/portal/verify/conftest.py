"""Ana's Tide, a sealed variation of it that Lea hears, Ana's login, and a desk."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from tests.portal.backoffice.deciding import may_decide, may_decide_rights
from tests.portal.listeners.made import granted_stage, pay, sealed


@pytest.fixture
def stage(db):
    return granted_stage()


@pytest.fixture
def lea(make_user):
    user = make_user("Lea")
    user.country = "DE"
    user.save()
    pay(user, timezone.now())
    return user


@pytest.fixture
def heard(lea, stage):
    """The variation that Lea has."""
    return sealed(lea, stage, timezone.now())


def browser_of(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def listener(lea):
    return browser_of(lea)


@pytest.fixture
def artist(make_user, join, stage):
    user = make_user("Ana")
    join(user, stage.ana)
    return browser_of(user)


@pytest.fixture
def other_artist(make_user, join, stage):
    """Ben holds 20 % of Tide."""
    user = make_user("Ben")
    join(user, stage.ben, "SIGN")
    return browser_of(user)


@pytest.fixture
def desk(db):
    user = User.objects.create_user("h@example.org", "a-long-word", is_staff=True)
    return browser_of(may_decide(may_decide_rights(user)))


@pytest.fixture
def second_desk(db):
    user = User.objects.create_user("m@example.org", "a-long-word", is_staff=True)
    return browser_of(may_decide_rights(user))


@pytest.fixture
def give_notice(db, django_capture_on_commit_callbacks):
    """Somebody without a login gives notice about an address, the first to do so; our answer."""
    cache.clear()

    def give(about, browser=None, **more):
        facts = {
            "about": about, "ground": "RECORDING", "name": "Dora Lund", "mail": "dora@example.org",
            "statement": "I played these drums in 1987.", "good_faith": "on",
        }  # fmt: skip
        with django_capture_on_commit_callbacks(execute=True):
            return (browser or Client()).post("/notices/", facts | more)

    return give
