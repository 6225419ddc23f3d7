"""The whole product on the test's own parts, and a studio to ask variations of."""

import pytest

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
