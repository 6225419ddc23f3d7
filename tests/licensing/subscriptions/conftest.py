"""A town for every test of subscriptions."""

import pytest

from licensing.receipts.models import ProductTerms
from portal.demo.standin.server import StandIn
from tests.licensing.subscriptions.town import BEGIN, Clock, town_on


@pytest.fixture
def town(db):
    ProductTerms.objects.create(
        product="listening", country="AT", tax_ppm=200_000, commission_ppm=300_000,
        effective_from=BEGIN,
    )  # fmt: skip
    clock = Clock()
    with StandIn(clock=clock) as running:
        yield town_on(running, clock)
