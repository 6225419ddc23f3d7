"""A town for every test of subscriptions."""

import pytest

from portal.demo.standin.server import StandIn
from tests.licensing.subscriptions.town import Clock, town_on


@pytest.fixture
def town(db):
    clock = Clock()
    with StandIn(clock=clock) as running:
        yield town_on(running, clock)
