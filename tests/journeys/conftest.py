"""The whole product on the test's own parts, and a studio to ask variations of."""

import pytest

from portal.demo.standin.server import StandIn
from tests.processes import Processes
from tests.studio import make_material


@pytest.fixture
def processes(committed_db, broker, tmp_path):
    children = Processes(broker, tmp_path / "logs")
    yield children
    children.stop()


@pytest.fixture(scope="session")
def material():
    return make_material()


@pytest.fixture
def provider(db, settings):
    with StandIn() as standin:
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        settings.STRIPE_SECRET_KEY = "sk_test_standin"
        settings.STRIPE_API_BASE = standin.address
        settings.STRIPE_WEBHOOK_SECRETS = [standin.secret]
        yield standin
