"""The gateway as this installation is set up; operations take it as an argument.

Invariant: without a key nothing is guessed, and NotConfigured says so.
"""

from django.conf import settings

from licensing.stripe_gateway import Gateway


def gateway() -> Gateway:
    """The gateway of the settings. Raises NotConfigured."""
    return Gateway(settings.STRIPE_SECRET_KEY, api_base=settings.STRIPE_API_BASE)
