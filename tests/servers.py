"""The servers of a test run: started before Django reads its settings, stopped with the run.

A pytest plugin (named in pyproject.toml), because a conftest would come too late. It knows the
embedded PostgreSQL and the cluster to begin with, nothing of the product.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOM = 4 << 30


def worker() -> str:
    """The name of this xdist worker, or "main"."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def _memory() -> str | None:
    """A folder in memory, where nothing waits for a disk; None where there is little of it."""
    shared = Path("/dev/shm")
    return str(shared) if shared.is_dir() and shutil.disk_usage(shared).free > _ROOM else None


def _start(config: pytest.Config) -> None:
    """A server of this worker's own, so that no other worker's open transaction is ever seen."""
    from portal.demo.embedded import Postgres

    folder = Path(os.environ["STEMMA_TEST_FOLDER"])
    server = Postgres(folder / worker(), durable=False)
    shutil.copytree(os.environ["STEMMA_TEST_CLUSTER"], server.data)
    server.start()
    config.add_cleanup(server.stop)
    os.environ["STEMMA_TEST_SOCKETS"] = str(server.sockets)
    os.environ["DATABASE_URL"] = server.url("test_" + worker())
    os.environ["STEMMA_VAR"] = f"{folder}/var/{worker()}"


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Servers first, everything else after."""
    os.environ["STEMMA_ENV"] = "test"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if worker() == "main":
        from tests.prepared import cluster

        folder = tempfile.TemporaryDirectory(prefix="stemma-test-", dir=_memory())
        early_config.add_cleanup(folder.cleanup)
        os.environ["STEMMA_TEST_FOLDER"] = folder.name
        os.environ["STEMMA_TEST_CLUSTER"] = str(cluster())
        os.environ["STEMMA_VAR"] = folder.name + "/var"
    if worker() != "main" or not early_config.known_args_namespace.numprocesses:
        _start(early_config)
    yield
