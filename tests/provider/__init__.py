"""Where scenarios with a payment provider run: on our stand-in, and on Stripe's test mode.

A room's conftest takes in the fixtures; `make test-stripe` runs the second kind alone.
"""

from tests.provider.kinds import STANDIN, TEST_MODE, gateway_to, platform_of
from tests.provider.platform import DECLINED, DISPUTED, GOOD, Platform, fresh_key

__all__ = [
    "DECLINED",
    "DISPUTED",
    "GOOD",
    "STANDIN",
    "TEST_MODE",
    "Platform",
    "fresh_key",
    "gateway_to",
    "platform_of",
]
