"""What every test stands on: a real PostgreSQL with two roles, migrated once, one per worker.

`db` is a test in a transaction that is rolled back. `committed_db` commits for real (other
connections and processes see it); afterwards the database reads like the template again. `broker`
is a real Valkey. Servers stop with the run.
"""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.database import DatabaseServer
from tests.ringing import ringing
from tests.waiting import News

# How long a draw takes says how busy the machine is, not whether the code is right.
hypothesis_settings.register_profile(
    "stemma", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("stemma")
hypothesis_settings.register_profile("long", parent=hypothesis_settings.get_profile("stemma"))
"""`--hypothesis-profile=long`: state machines take many more steps than in every run."""


def pytest_sessionstart() -> None:
    """Until everything is collected nothing of it may go: nobody need look."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Nor later: a million objects of imports are not looked through again and again.

    What tests leave behind goes by itself, most of it; the rest is looked for now and then.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 10)
    gc.enable()


@pytest.fixture(scope="session")
def database_server() -> DatabaseServer:
    return DatabaseServer()


@pytest.fixture(scope="session")
def django_db_setup(database_server: DatabaseServer) -> None:
    """In the place of pytest-django's: clone the migrated template instead of migrating again."""
    database_server.make()


@pytest.fixture
def committed_db(database_server, django_db_setup, django_db_blocker) -> Iterator[None]:
    """A database with real commits, for tests with several connections or processes."""
    from django.db import connections

    with django_db_blocker.unblock():
        yield
        connections.close_all()
        database_server.renew()


@pytest.fixture
def news(committed_db) -> Iterator[News]:
    """What workers announce, for tests that wait for them."""
    heard = News()
    yield heard
    heard.close()


@pytest.fixture
def broker(tmp_path) -> Iterator[str]:
    """The URL of a Valkey of this test's own; `portal.celery.app` uses it meanwhile."""
    from portal.demo.embedded import Valkey

    server = Valkey(tmp_path / "valkey")
    server.start()
    try:
        with ringing(server.url):
            yield server.url
    finally:
        server.stop()


@pytest.fixture(scope="session")
def material():
    """The sound of the studio, measured: seconds of work, once per worker of the run."""
    from tests.studio import make_material

    return make_material()
