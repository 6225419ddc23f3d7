"""A platform with its books for every test of payouts."""

import pytest

from portal.demo.standin.server import StandIn
from tests.licensing.payouts.platform import gateway_to
from tests.licensing.payouts.purse import Purse


@pytest.fixture
def standin():
    with StandIn() as running:
        yield running


@pytest.fixture
def purse(db, standin):
    return Purse(standin, gateway_to(standin))
