"""The servers of a test run: started before Django reads its settings, stopped with the run.

A pytest plugin (named in pyproject.toml), because a conftest would come too late. It knows the two
embedded parts and the command that migrates, nothing of the product.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "stemma_template"


def worker() -> str:
    """The name of this xdist worker, or "main"."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def _migrate(url: str) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "-v", "0"]
    subprocess.run(command, env=os.environ | {"DATABASE_URL": url}, cwd=ROOT, check=True)


def _prepare(config: pytest.Config) -> None:
    """A migrated cluster that nothing runs on: every worker takes a copy of it."""
    from portal.demo.embedded import Postgres

    folder = tempfile.TemporaryDirectory(prefix="stemma-test-")
    config.add_cleanup(folder.cleanup)
    os.environ["STEMMA_TEST_FOLDER"] = folder.name
    server = Postgres(Path(folder.name) / "prepared", durable=False)
    server.start()
    server.create_database(TEMPLATE)
    os.environ["STEMMA_VAR"] = folder.name + "/var"
    _migrate(server.url(TEMPLATE, "stemma_owner"))
    server.stop()


def _start(config: pytest.Config) -> None:
    """A server of this worker's own, so that no other worker's open transaction is ever seen."""
    from portal.demo.embedded import Postgres

    folder = Path(os.environ["STEMMA_TEST_FOLDER"])
    server = Postgres(folder / worker(), durable=False)
    shutil.copytree(folder / "prepared", server.data)
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
        _prepare(early_config)
    _start(early_config)
    yield
