"""The audio store, local and S3: whole or absent, written once, read in ranges, names all ours."""

import io
import os
import secrets
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.files.base import File

from licensing.catalog import store as objects
from licensing.catalog.store import BadRange, OddObjectName
from tests.licensing.stage import digest_of

NAME = objects.object_name("archive", digest_of("tide"), "flac")


# One server of S3 for the run.
pytestmark = pytest.mark.xdist_group("s3")


def put(store, data, name=NAME):
    return objects.put_once(name, io.BytesIO(data), store=store)


def test_object_comes_back_byte_for_byte_and_in_ranges(store):
    data = secrets.token_bytes(700_001)
    assert put(store, data) == NAME
    assert store.exists(NAME)
    assert store.size(NAME) == len(data)
    with store.open(NAME) as file:
        assert file.read() == data
    for start, end in ((0, 1), (0, len(data)), (262_143, 524_289), (len(data) - 1, len(data))):
        assert b"".join(objects.read_range(NAME, start, end, store=store)) == data[start:end]


def test_first_bytes_stay(store):
    put(store, b"first")
    put(store, b"second")
    store.save(NAME, File(io.BytesIO(b"third")))
    with store.open(NAME) as file:
        assert file.read() == b"first"


def test_writers_side_by_side_leave_one_whole_object(store):
    contents = [bytes([number]) * 300_000 for number in range(6)]
    threads = [threading.Thread(target=put, args=(store, data)) for data in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.open(NAME) as file:
        assert file.read() in contents


def test_large_object_goes_up_in_parts_and_stays(s3_store, monkeypatch):
    monkeypatch.setattr(s3_store, "one_put_bytes", 10)
    data = secrets.token_bytes(9 << 20)
    put(s3_store, data)
    put(s3_store, b"another, longer than ten bytes")
    assert s3_store.size(NAME) == len(data)
    assert b"".join(objects.read_range(NAME, 8 << 20, len(data), store=s3_store)) == data[8 << 20 :]


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 2), (3, 2), (0, 6), (5, 6)])
def test_range_outside_the_object_is_refused(store, start, end):
    put(store, b"12345")
    with pytest.raises(BadRange):
        objects.read_range(NAME, start, end, store=store)


def test_missing_object_is_missing(store):
    assert not store.exists(NAME)
    with pytest.raises(FileNotFoundError):
        objects.read_range(NAME, 0, 1, store=store)


def test_removed_object_is_gone_and_removing_again_is_harmless(store):
    put(store, b"12345")
    objects.remove(NAME, store=store)
    objects.remove(NAME, store=store)
    assert not store.exists(NAME)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "archive/aa/drums.wav",
        f"archive/00/{digest_of('tide')}.flac",
        f"archive/{digest_of('tide')[:2]}/{digest_of('tide')}.flac/x",
        f"{NAME}\n",
        NAME.upper(),
        f"/{NAME}",
        "",
    ],
)
def test_name_that_is_not_ours_is_refused(store, name):
    with pytest.raises(OddObjectName):
        put(store, b"x", name)
    with pytest.raises(OddObjectName):
        objects.read_range(name, 0, 1, store=store)
    with pytest.raises(OddObjectName):
        objects.remove(name, store=store)


class Broken(io.BytesIO):
    """A source that breaks off in the middle, as a lost disk does."""

    def read(self, size=-1):
        if self.tell() > 0:
            raise OSError("lost")
        return super().read(1_000)


def test_write_cut_short_leaves_nothing_behind(local_store, tmp_path):
    with pytest.raises(OSError, match="lost"):
        objects.put_once(NAME, File(Broken(b"x" * 5_000), name="x"), store=local_store)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_settings_name_a_write_once_store(settings):
    assert isinstance(objects.audio_store(), objects.LocalAudioStore)


def test_path_is_stored_like_a_file(local_store, tmp_path):
    (tmp_path / "a.flac").write_bytes(b"12345")
    objects.put_path(NAME, tmp_path / "a.flac", store=local_store)
    assert local_store.size(NAME) == 5


def test_only_what_nobody_wanted_for_a_while_is_removed(store):
    put(store, b"sound")
    assert objects.list_shard(NAME.split("/")[1], store=store) == [NAME]
    assert objects.list_shard("00" if NAME.split("/")[1] != "00" else "01", store=store) == []
    now = datetime.now(UTC)
    assert not objects.remove_old(NAME, now - timedelta(hours=1), store=store)
    assert objects.remove_old(NAME, now + timedelta(hours=1), store=store)
    assert not store.exists(NAME)


def test_an_object_that_is_put_again_is_young_again(local_store):
    put(local_store, b"sound")
    os.utime(local_store.path(NAME), (0, 0))
    put(local_store, b"sound")
    assert not objects.remove_old(NAME, datetime.now(UTC) - timedelta(hours=1), store=local_store)


def test_what_a_killed_writer_left_aside_is_listed(local_store):
    put(local_store, b"sound")
    aside = Path(local_store.path(NAME)).with_name(f".{NAME.rpartition('/')[2]}.0a1b")
    aside.write_bytes(b"so")
    aside.with_name("notes.txt").write_text("not ours")
    assert sorted(objects.list_shard(NAME.split("/")[1], store=local_store)) == sorted(
        [NAME, f"{NAME.rpartition('/')[0]}/{aside.name}"]
    )
