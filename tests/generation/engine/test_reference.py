"""The compiled vocoder beside a plain one: numpy in float64, written from the page."""

from itertools import pairwise

import numpy as np

from generation.engine.render import render
from generation.engine.timemap import TimeMap
from generation.engine.vocoder import frame_sizes, hann
from generation.recipe import Clip
from tests.generation.engine.material import RATE, chord, plain_recipe


def peaks_of(power):
    """Peaks above two neighbors either side, and the weakest bins between them."""
    floor = power.max() * 1e-11
    peaks = [
        k
        for k in range(2, len(power) - 2)
        if power[k] > max(power[k - 1], power[k - 2])
        and power[k] >= max(power[k + 1], power[k + 2])
        and power[k] >= floor
    ]
    edges = [a + 1 + int(np.argmin(power[a + 1 : b])) for a, b in pairwise(peaks)]
    return peaks, [*edges, len(power)]


def plain_vocoder(stem, clip):
    """One channel of a clip, float64."""
    n, m = frame_sizes(clip.window, clip.semitones)
    hop, time_map = clip.window // 4, TimeMap(clip.anchors)
    first, last = (clip.start - m // 2) // hop + 1, -(-(clip.end + m // 2) // hop)
    places = time_map.sources(np.arange(first, last) * hop)
    out = np.zeros(clip.end + 2 * m)
    weight = np.zeros(clip.end + 2 * m)
    padded = np.pad(stem.astype(np.float64), (n, 4 * n))
    turns, before, last_place = np.zeros(n // 2 + 1), None, 0
    for number, place in zip(range(first, last), places, strict=True):
        spectrum = np.fft.rfft(padded[n + place - n // 2 :][:n] * hann(n))
        power = np.abs(spectrum) ** 2
        if before is None or power.max() < 5e-10:
            turns = np.zeros(n // 2 + 1)
        else:
            peaks, edges = peaks_of(power)
            low, move, fresh = 0, place - last_place, turns.copy()
            for peak, edge in zip(peaks, edges, strict=True):
                seen = np.angle(spectrum[peak] * np.conj(before[peak])) / (2 * np.pi)
                beside = (seen - peak * move / n + 0.5) % 1.0 - 0.5
                step = peak * hop / m + beside * n * hop / (m * move)
                fresh[low:edge] = turns[peak] + step - seen
                low = edge
            turns = fresh
        turned = (spectrum * np.exp(2j * np.pi * turns))[: m // 2]
        piece = np.fft.irfft(np.pad(turned, (0, m // 2 + 1 - len(turned))), m) * (m / n)
        begin = number * hop - m // 2 + m
        out[begin : begin + m] += piece * hann(m)
        weight[begin : begin + m] += hann(m) ** 2
        before, last_place = spectrum, place
    return (out / np.maximum(weight, 1e-9))[m : m + clip.end]


def test_the_compiled_vocoder_agrees_with_the_plain_one():
    stem, length = chord(3), 2 * RATE
    clip = Clip(0, "vocoder/1", 0, length, ((0, 0), (length, round(1.12 * length))), 2, 4_096)
    recipe = plain_recipe(length, {"a": stem}, [clip])
    compiled = render(recipe, {"a": stem}, {}, 0, length).audio[0].astype(np.float64)
    plain = plain_vocoder(stem[0], clip)
    inner = slice(4_096, length - 4_096)
    error = compiled[inner] - plain[inner]
    assert 10 * np.log10(plain[inner].var() / error.var()) >= 80
