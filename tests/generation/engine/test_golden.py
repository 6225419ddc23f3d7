"""Every processor version sounds as it did when it was new, and none is without a kept sound.

The arrays were written once by `golden/make.py`. Rounding may differ from machine to machine and
from one way of computing to another; a sound may not.
"""

import numpy as np
import pytest

from generation.engine.checking import KNOWN
from generation.engine.lines import lines_of
from tests.generation.engine.golden import cases, make, sounds

CASES = cases.cases()
KEPT_DB = 90.0


@pytest.fixture(scope="module")
def material():
    return sounds.stems(), sounds.onsets()


def snr_db(found, kept):
    """How far what differs lies below what was kept, in dB."""
    noise = float(((found.astype(np.float64) - kept) ** 2).sum())
    return 10.0 * np.log10(float((kept.astype(np.float64) ** 2).sum()) / max(noise, 1e-30))


def kept(name):
    return np.load(cases.FOLDER / f"{name}.npy", allow_pickle=False)


@pytest.mark.parametrize("name", CASES)
def test_a_processor_sounds_as_it_did_when_it_was_new(name, material):
    found, was = cases.heard(CASES[name], *material), kept(name)
    assert found.dtype == was.dtype == np.float32
    assert found.shape == was.shape
    for now, then in zip(found, was, strict=True):
        assert np.abs(then).max() > 1e-3
        assert snr_db(now, then) >= KEPT_DB


def test_windows_and_lines_of_the_mix_are_those_that_were_kept(material):
    found, was = cases.windows(*material), kept("mix-windows")
    names = list(material[0])
    assert np.allclose(found, was, rtol=1e-3, atol=1e-6 * was.sum(axis=1).max())
    now, then = dict(lines_of(found, names)), dict(lines_of(was, names))
    assert max(abs(now[name] - then[name]) for name in names) <= 50
    assert min(then.values()) > 10_000


def test_every_processor_version_has_a_golden():
    covered = {name for case in CASES.values() for name in case.covers}
    # What a policy makes of the sound is kept as windows and lines of the mix.
    named = {name for place, names in KNOWN.items() if place != "policy" for name in names}
    assert named | {"mark/1"} == covered
    assert [name for name in CASES if not (cases.FOLDER / f"{name}.npy").exists()] == []


def test_no_kept_file_is_nobodys_or_large():
    files = sorted(cases.FOLDER.glob("*.npy"))
    assert {file.stem for file in files} == {*CASES, "mix-windows"}
    assert max(file.stat().st_size for file in files) <= 100_000
    assert sum(file.stat().st_size for file in files) < 1_500_000


def test_a_kept_file_is_never_written_again(tmp_path):
    make.write(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(FileExistsError):
        make.write(tmp_path / "one.npy", np.ones(3))
    assert not np.load(tmp_path / "one.npy").any()
