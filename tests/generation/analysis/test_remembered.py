"""Values kept by key: read together, the least used forgotten first."""

from generation.analysis.remembered import Remembered


def _squares(size: int) -> tuple[Remembered[int, int], list[list[int]]]:
    asked: list[list[int]] = []

    def read(keys: list[int]) -> dict[int, int]:
        asked.append(keys)
        return {key: key * key for key in keys if key >= 0}

    return Remembered(size, read), asked


def test_missing_ones_are_read_together_and_once():
    squares, asked = _squares(8)
    assert list(squares.of([3, 1, 2]).items()) == [(3, 9), (1, 1), (2, 4)]
    assert squares.of([1, 4, 5]) == {1: 1, 4: 16, 5: 25}
    assert asked == [[3, 1, 2], [4, 5]]


def test_what_was_used_longest_ago_is_forgotten_first():
    squares, asked = _squares(2)
    squares.of([1, 2])
    squares.of([1])
    squares.of([3])
    squares.of([1])
    squares.of([2])
    assert asked == [[1, 2], [3], [2]]


def test_what_is_gone_has_no_value_and_is_asked_for_again():
    squares, asked = _squares(2)
    assert squares.of([-1, 1]) == {1: 1}
    assert squares.of([-1]) == {}
    assert asked == [[-1, 1], [-1]]
