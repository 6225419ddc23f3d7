"""Exact arithmetic: whole numbers are the oracle, and nothing depends on what stands beside it."""

from decimal import Decimal, getcontext

import numpy as np
import torch

from generation.nets import exact


def _on_grid(shape: tuple[int, ...], limit: float, seed: int) -> exact.Floats:
    chance = np.random.default_rng(seed)
    bound = int(limit * exact.GRID)
    return chance.integers(-bound, bound, shape) / exact.GRID


def test_a_matrix_product_at_the_limits_is_the_one_of_whole_numbers() -> None:
    values = _on_grid((3, 512), exact.ACTIVATION_LIMIT, 1)
    weight = _on_grid((5, 512), exact.WEIGHT_LIMIT, 2)
    ours = [[int(one) for one in row] for row in (values @ weight.T) * exact.GRID**2]
    whole_values = [[int(one * exact.GRID) for one in row] for row in values.tolist()]
    whole_weight = [[int(one * exact.GRID) for one in row] for row in weight.tolist()]
    assert ours == [
        [sum(a * b for a, b in zip(row, column, strict=True)) for column in whole_weight]
        for row in whole_values
    ]


def test_a_row_is_the_same_alone_and_among_others() -> None:
    values, weight = _on_grid((37, 128), 900.0, 3), _on_grid((65, 128), 7.0, 4)
    gain, shift = _on_grid((128,), 2.0, 5), _on_grid((128,), 2.0, 6)
    together = exact.linear(exact.squared_relu(exact.normed(values, gain, shift)), weight)
    for place in (0, 17, 36):
        alone = values[place : place + 1]
        found = exact.linear(exact.squared_relu(exact.normed(alone, gain, shift)), weight)
        assert np.array_equal(found[0], together[place])


def test_attention_does_not_feel_keys_that_are_hidden() -> None:
    queries, keys = _on_grid((2, 1, 32), 8.0, 7), _on_grid((2, 190, 32), 8.0, 8)
    values = _on_grid((2, 190, 32), exact.VALUE_LIMIT, 9)
    bias = np.zeros((2, 1, 190))
    bias[..., 70:] = -np.inf
    short = exact.attended(queries, keys[:, :70], values[:, :70], bias[..., :70])
    assert np.array_equal(exact.attended(queries, keys, values, bias), short)


def test_the_table_of_exponentials_is_the_one_of_decimal_arithmetic() -> None:
    getcontext().prec = 40
    for place in (0, 1, 7, 500, 1024, 9_999, 16_383):
        precise = (Decimal(-place) / 1024).exp() * 2**24
        assert int(precise.to_integral_value()) == int(exact.EXP_TABLE[place] * 2**24)
    assert exact.EXP_TABLE[-1] == 0


def test_normalizing_is_layer_norm_but_for_the_grid() -> None:
    values = _on_grid((4, 128), 30.0, 10)
    ours = exact.normed(values, np.ones(128), np.zeros(128))
    theirs = torch.nn.functional.layer_norm(torch.from_numpy(values), (128,)).numpy()
    assert np.abs(ours - theirs).max() <= 0.5 / exact.GRID + 1e-9


def test_weights_come_back_from_sixteen_bits_within_half_a_step() -> None:
    weights = {"a": np.random.default_rng(1).normal(size=(4, 4)).astype(np.float32)}
    kept = exact.unpacked(exact.packed(weights))
    assert np.abs(kept["a"] - weights["a"]).max() <= 0.5 / exact.GRID
    assert np.array_equal(exact.unpacked(exact.packed(kept))["a"], kept["a"])
