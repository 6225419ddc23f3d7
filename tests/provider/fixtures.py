"""The fixtures of scenarios at a provider; a room's conftest takes them in.

`platform`: each platform there is. `standin_only`: our stand-in alone, for what cannot be done to
Stripe from here (docs/decisions/0175): answers that get lost or come too often, what a browser
does on Stripe's pages, what a bank does on its own days, objects that say what they never said.
"""

import os
from collections.abc import Iterator

import pytest

from tests.provider.kinds import STANDIN, kinds_of, platform_of
from tests.provider.platform import Platform

__all__ = ["platform", "standin_only"]

KINDS = kinds_of(os.environ)


@pytest.fixture(params=KINDS)
def platform(request: pytest.FixtureRequest) -> Iterator[Platform]:
    with platform_of(request.param) as made:
        yield made


@pytest.fixture
def standin_only() -> Iterator[Platform]:
    with platform_of(STANDIN) as made:
        yield made
