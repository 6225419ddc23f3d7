"""What every test stands on: a real PostgreSQL with two roles, migrated once, one per worker.

`db` is a test in a transaction that is rolled back. `committed_db` commits for real (other
connections and processes see it); afterwards the database is made anew from the template, because
append-only tables cannot be flushed. `broker` is a real Valkey. Servers stop with the run.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.servers import TEMPLATE, worker
from tests.waiting import News

# How long a draw takes says how busy the machine is, not whether the code is right.
hypothesis_settings.register_profile(
    "stemma", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("stemma")
hypothesis_settings.register_profile("long", parent=hypothesis_settings.get_profile("stemma"))
"""`--hypothesis-profile=long`: state machines take many more steps than in every run."""


class DatabaseServer:
    """This worker's PostgreSQL: makes its database anew."""

    def __init__(self) -> None:
        from portal.demo.embedded import Postgres

        self.postgres = Postgres(Path("/nonexistent"), durable=False)
        self.postgres.sockets = Path(os.environ["STEMMA_TEST_SOCKETS"])
        self.name = "test_" + worker()

    def renew(self) -> None:
        self.postgres.create_database(self.name, template=TEMPLATE)


@pytest.fixture(scope="session")
def database_server() -> DatabaseServer:
    return DatabaseServer()


@pytest.fixture(scope="session")
def django_db_setup(database_server: DatabaseServer) -> None:
    """In the place of pytest-django's: clone the migrated template instead of migrating again."""
    database_server.renew()


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
def broker(tmp_path, settings) -> Iterator[str]:
    """The URL of a Valkey of this test's own; `portal.celery.app` uses it meanwhile."""
    from portal.celery import app
    from portal.demo.embedded import Valkey

    server = Valkey(tmp_path / "valkey")
    server.start()
    settings.BROKER_URL = server.url
    previous = app.conf.broker_url
    app.conf.broker_url = server.url
    _forget_connections()
    try:
        yield server.url
    finally:
        app.conf.broker_url = previous
        _forget_connections()
        server.stop()


def _forget_connections() -> None:
    """Let Celery open new connections: its pools keep the address they were made for."""
    from kombu import pools

    from portal.celery import app

    app.close()
    app.__dict__.pop("amqp", None)
    pools.reset()
