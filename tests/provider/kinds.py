"""Which platforms there are to test against, by the environment: ours always, Stripe's with a key.

`STRIPE_TEST_KEY`: a key of Stripe's test mode. `STRIPE_TEST_ACCOUNT`: a connected account of that
platform that answered everything, with a bank that takes payouts; `STRIPE_TEST_ACCOUNT_REFUSING`:
one whose bank refuses them. `STRIPE_TEST_API_BASE`: speak to this address instead of Stripe's, for
a rehearsal. Invariant: with a key that could move money nothing runs at all.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from portal.demo.standin.server import StandIn
from tests.provider.at_standin import AtStandIn, Clock, gateway_to
from tests.provider.at_stripe import AtStripe
from tests.provider.platform import Platform

__all__ = ["STANDIN", "TEST_MODE", "gateway_to", "key_of", "kinds_of", "platform_of"]

STANDIN, TEST_MODE = "stand-in", "test mode"
WANTED = "Set STRIPE_TEST_KEY to a key of Stripe's test mode (sk_test_…)."
LIVE = "STRIPE_TEST_KEY is not a key of Stripe's test mode (sk_test_…), so nothing was run."


def key_of(environ: Mapping[str, str]) -> str:
    """The key of Stripe's test mode, "" without one. Raises UsageError for any other key."""
    key = environ.get("STRIPE_TEST_KEY", "")
    if key and not key.startswith(("sk_test_", "rk_test_")):
        raise pytest.UsageError(LIVE)
    return key


def kinds_of(environ: Mapping[str, str]) -> list[object]:
    """What a fixture that opens a platform is parametrised by."""
    if not key_of(environ):
        return [STANDIN]
    return [STANDIN, pytest.param(TEST_MODE, marks=pytest.mark.stripe)]


@contextmanager
def platform_of(kind: str, clock: Clock | None = None) -> Iterator[Platform]:
    """The platform of this kind. `clock`: the time of a stand-in's world."""
    if kind == STANDIN:
        with StandIn(clock=clock) if clock else StandIn() as standin:
            yield AtStandIn(standin, clock)
        return
    given = os.environ
    accounts = ("STRIPE_TEST_ACCOUNT", "STRIPE_TEST_ACCOUNT_REFUSING")
    platform = AtStripe(
        key_of(given),
        api_base=given.get("STRIPE_TEST_API_BASE", ""),
        accounts=(given.get(accounts[0], ""), given.get(accounts[1], "")),
    )
    try:
        yield platform
    finally:
        platform.close()
