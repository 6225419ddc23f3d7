"""Listeners of the tests of audio: one who is logged in, and the same one with a receipt."""

import pytest
from django.utils import timezone

from tests.portal.listeners.made import pay


@pytest.fixture
def lea(make_user, client):
    user = make_user("Lea")
    client.force_login(user)
    return user


@pytest.fixture
def paying(lea):
    pay(lea, timezone.now())
    return lea
