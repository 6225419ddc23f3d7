"""The studio of `tests.studio` for tests of the worker: sound made once per run, rows per test."""

import pytest

from generation.variations.models import VariationFile
from licensing.catalog.store import audio_store
from tests.oracles.loudness import assert_holds
from tests.studio import build_studio


@pytest.fixture
def studio(db, material):
    """Whatever a test makes here, every finished FLAC is read back by libebur128."""
    yield build_studio(material)
    for file in VariationFile.objects.filter(format="flac").select_related("variation__record"):
        with audio_store().open(file.name) as stored:
            assert_holds(stored.read(), file.variation.record.reached_lufs)
