"""The studio of `tests.studio` for tests of the worker: sound made once per run, rows per test."""

import pytest

from tests.studio import build_studio, make_material


@pytest.fixture(scope="session")
def material():
    return make_material()


@pytest.fixture
def studio(db, material):
    return build_studio(material)
