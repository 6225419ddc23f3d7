"""The planar cache: made from the archive, checked against the digest, never over its budget."""

import numpy as np
import pytest

from generation.ingest.decode import Checked, decode
from generation.ingest.planar import BrokenArchive, PlanarCache
from tests.generation.ingest.files import tone, write


def checked(tmp_path, level: float) -> Checked:
    path = write(tmp_path / "in.wav", tone(0.2, level=level), subtype="PCM_24")
    found = decode(path, tmp_path / "out")
    assert isinstance(found, Checked)
    return found


@pytest.fixture
def stems(tmp_path) -> list[Checked]:
    return [checked(tmp_path, level) for level in (0.2, 0.4, 0.6)]


def test_archive_gives_the_samples_that_decoding_gave(tmp_path, stems):
    cache = PlanarCache(tmp_path / "cache", 1 << 30)
    for stem in stems:
        made = cache.load(stem.digest, lambda stem=stem: stem.archive.open("rb"))
        assert made.shape == (2, stem.frames)
        assert made.dtype == np.float32
        assert np.array_equal(made, np.load(stem.planar))


def test_second_load_opens_no_archive(tmp_path, stems):
    cache = PlanarCache(tmp_path / "cache", 1 << 30)
    cache.keep(stems[0].digest, stems[0].planar)

    def none_there():
        raise AssertionError("the archive was opened")

    assert cache.load(stems[0].digest, none_there).shape == (2, stems[0].frames)


def test_longest_unused_stem_goes_first_and_stays_readable_where_mapped(tmp_path, stems):
    size = stems[0].planar.stat().st_size
    cache = PlanarCache(tmp_path / "cache", 2 * size)
    held = {}
    for stem in (stems[0], stems[1], stems[0], stems[2]):
        held[stem.digest] = cache.load(stem.digest, lambda stem=stem: stem.archive.open("rb"))
    left = {path.stem for path in cache.folder.glob("*.npy")}
    assert left == {stems[0].digest, stems[2].digest}
    assert float(np.abs(held[stems[1].digest]).max()) > 0.3


def test_archive_of_another_stem_is_refused_and_leaves_nothing(tmp_path, stems):
    cache = PlanarCache(tmp_path / "cache", 1 << 30)
    with pytest.raises(BrokenArchive):
        cache.load(stems[0].digest, lambda: stems[1].archive.open("rb"))
    assert [path.name for path in cache.folder.iterdir() if path.name != ".lock"] == []


def test_damaged_cache_file_is_made_again(tmp_path, stems):
    cache = PlanarCache(tmp_path / "cache", 1 << 30)
    cache.folder.mkdir()
    (cache.folder / f"{stems[0].digest}.npy").write_bytes(b"not an array")
    made = cache.load(stems[0].digest, lambda: stems[0].archive.open("rb"))
    assert np.array_equal(made, np.load(stems[0].planar))
