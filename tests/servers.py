"""The servers of a test run: started before Django reads its settings, stopped with the run.

A pytest plugin (named in pyproject.toml), because a conftest would come too late. It knows the two
embedded parts and the command that migrates, nothing of the product.
"""

import os
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


def _enter() -> None:
    os.environ["DATABASE_URL"] = os.environ["STEMMA_TEST_URL"].replace("DB", worker())
    os.environ["STEMMA_VAR"] = os.environ["STEMMA_TEST_VAR"] + "/" + worker()


def _migrate(url: str) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "-v", "0"]
    subprocess.run(command, env=os.environ | {"DATABASE_URL": url}, cwd=ROOT, check=True)


def _start(config: pytest.Config) -> None:
    from portal.demo.embedded import Postgres

    folder = tempfile.TemporaryDirectory(prefix="stemma-test-")
    config.add_cleanup(folder.cleanup)
    server = Postgres(Path(folder.name) / "pg", durable=False)
    server.start()
    config.add_cleanup(server.stop)
    os.environ["STEMMA_TEST_SOCKETS"] = str(server.sockets)
    os.environ["STEMMA_TEST_URL"] = server.url("test_DB")
    os.environ["STEMMA_TEST_VAR"] = folder.name + "/var"
    server.create_database(TEMPLATE)
    _migrate(server.url(TEMPLATE, "stemma_owner"))


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Servers first, everything else after; xdist's workers use their parent's servers."""
    os.environ["STEMMA_ENV"] = "test"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if worker() == "main":
        _start(early_config)
    _enter()
    yield
