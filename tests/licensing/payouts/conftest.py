"""A platform with its books for every test of payouts: any there is, or our stand-in alone."""

import pytest

from tests.licensing.payouts.purse import Purse
from tests.provider.fixtures import platform, standin_only

__all__ = ["platform", "standin_only"]


@pytest.fixture
def purse(db, platform):
    return Purse(platform)


@pytest.fixture
def standin_purse(db, standin_only):
    return Purse(standin_only)
