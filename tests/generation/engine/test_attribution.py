"""Windows and lines: who is heard how much, against a plain reading of BS.1770."""

import numpy as np
from scipy.signal import sosfilt

from generation.engine.lines import lines_of
from generation.engine.render import render
from generation.recipe import Clip
from tests.generation.engine.material import RATE, chord, noise, plain_recipe

B1, B2 = 1.53512485958697, -2.69169618940638
SOS = [
    [B1, B2, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585],
    [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
]


def mixed(stems):
    length = min(stem.shape[1] for stem in stems.values())
    clips = [Clip(i, "vocoder/1", 0, length, ((0, 0),)) for i in range(len(stems))]
    return render(plain_recipe(length, stems, clips), stems, {}, 0, length)


def test_windows_are_k_weighted_inner_products():
    rendered = mixed({"a": chord(2), "b": noise(2)})
    weighted = sosfilt(SOS, rendered.parts.astype(np.float64), axis=2)
    total = weighted.sum(axis=0)
    for source in range(2):
        products = (weighted[source] * total).sum(axis=0).reshape(-1, 4_800).sum(axis=1) / 4_800
        assert np.abs(rendered.windows[:, source] - products).max() < 1e-3 * products.max()


def test_windows_of_all_sources_sum_to_the_energy_of_the_mix():
    rendered = mixed({"a": chord(2), "b": noise(2)})
    weighted = sosfilt(SOS, rendered.audio.astype(np.float64), axis=1)
    energy = (weighted**2).sum(axis=0).reshape(-1, 4_800).sum(axis=1) / 4_800
    assert np.allclose(rendered.windows.sum(axis=1), energy, rtol=1e-3)


def test_a_silent_source_gets_nothing_and_equal_sources_the_same():
    sound = chord(1)
    rendered = mixed({"a": sound, "b": np.zeros_like(sound), "c": sound})
    assert lines_of(rendered.windows, ["a", "b", "c"]) == (
        ("a", 500_000),
        ("b", 0),
        ("c", 500_000),
    )


def test_silence_has_no_lines():
    rendered = mixed({"a": np.zeros((2, RATE), dtype=np.float32)})
    assert not rendered.audio.any()
    assert lines_of(rendered.windows, ["a"]) == ()


def test_remainders_go_to_the_largest_then_to_the_lower_digest():
    windows = np.ones((3, 3))
    assert lines_of(windows, ["b", "a", "c"]) == (("b", 333_333), ("a", 333_334), ("c", 333_333))


def test_a_window_counts_once_however_loud_and_opposed_sound_is_no_debt():
    windows = np.array([[1.0, 0.0], [1e-4, 3e-4], [2.0, -0.5], [1e-12, 5e-12]])
    lines = dict(lines_of(windows, ["a", "b"]))
    assert lines == {"a": 750_000, "b": 250_000}
