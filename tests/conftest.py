"""What every test stands on: a real PostgreSQL with two roles, migrated once, one per worker.

`db` is a test in a transaction that is rolled back. `committed_db` commits for real (other
connections and processes see it); afterwards the database reads like the template again. `broker`
is a real Valkey. Servers stop with the run.
"""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.nodeid import NodeId

from tests.database import DatabaseServer
from tests.hypotheses import register_profiles
from tests.ringing import ringing
from tests.waiting import News

register_profiles()


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


GROUP = "xdist_group"


def pytest_itemcollected(item: pytest.Item) -> None:
    """What a module makes for its tests is made in one worker of the run: they go there together.

    A mark of their own says where else.
    """
    known = item._fixtureinfo.name2fixturedefs.values() if isinstance(item, pytest.Function) else ()
    if any(one[-1].scope == "module" for one in known) and not item.get_closest_marker(GROUP):
        item.add_marker(pytest.mark.xdist_group(item.nodeid.split("::")[0]))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tell the scheduler of the run about groups; it gives them out before all single tests.

    xdist 3.8 adds the group to an attribute that pytest 9.2 reads no more.
    """
    if not config.getoption("loadgroup", False):
        return
    for item in items:
        group = item.get_closest_marker(GROUP)
        if group is not None and not item.nodeid.endswith(f"@{group.args[0]}"):
            item._id = NodeId.parse(f"{item.nodeid}@{group.args[0]}")


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
    """The sound of the studio, measured: many seconds of work, once per run."""
    from tests.studio import shared_material

    return shared_material(Path(os.environ["STEMMA_TEST_FOLDER"]))
