"""A town for every test of subscriptions: on any platform there is, or on our stand-in alone."""

import pytest

from tests.licensing.subscriptions.town import clock_of, sell, town_on
from tests.provider import STANDIN, platform_of
from tests.provider.fixtures import KINDS, platform

__all__ = ["platform"]


@pytest.fixture(params=KINDS)
def town(db, settings, request):
    yield from _town(request.param, settings)


@pytest.fixture
def standin_town(db, settings):
    yield from _town(STANDIN, settings)


def _town(kind, settings):
    clock = clock_of(kind)
    with platform_of(kind, clock) as there:
        made = town_on(there, clock, settings)
        sell(made.clock.at)
        yield made
