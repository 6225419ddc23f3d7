"""A worker keeps the tapes of as many sessions as its bound of memory allows."""

import mmap

from generation.worker.tapes import Tapes, own_memory

START = 700


def test_sessions_heard_longest_ago_are_let_go_until_the_rest_fits():
    told = [START]
    tapes = Tapes(100, lambda: told[0] + 60 * sum(name in tapes for name in "abc"))
    tapes.of("a")
    first = tapes.of("b")
    assert "a" not in tapes
    assert tapes.of("b") is first
    tapes.of("c")
    assert [name in tapes for name in "abc"] == [False, False, True]


def test_the_session_that_is_rendered_keeps_its_tapes_however_little_memory_there_is():
    tapes = Tapes(0, lambda: START)
    only = tapes.of("a")
    assert tapes.of("a") is only


def test_memory_that_no_file_stands_behind_is_counted():
    before = own_memory()
    # Asked of the system itself: the allocator may have as much at hand from earlier tests.
    with mmap.mmap(-1, 64 * 2**20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as held:
        held.write(b"\x01" * len(held))
        assert own_memory() - before > 48 * 2**20
