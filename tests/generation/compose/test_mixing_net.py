"""Strips by the mix net: one per track and section, at the form's level, or none without bands."""

from dataclasses import replace
from math import log10

import numpy as np
import pytest
import torch

from generation.analysis.values import Bands
from generation.compose import console
from generation.compose.arrange import arrange
from generation.compose.choice import Dice
from generation.compose.director import NO_LIMITS, decks_for
from generation.compose.mixing_net import shift_of, strips_by_net
from generation.compose.tuning import tune
from generation.compose.values import Ask
from generation.nets.mix.mixing import Mixer
from generation.nets.mix.model import MixNet, MixSizes
from generation.nets.mix_stems import DESCRIPTORS

from .songs import song

STANDING = -20.0


def with_bands(given, seed=0):
    rng = np.random.default_rng(seed)
    heard = []
    for stem in given.stems:
        count = stem.analysis.length // 48_000 + 1
        level = round(stem.analysis.loudness_lufs + 0.691)
        bands = Bands(
            hop=4_800,
            span=48_000,
            levels_db=tuple(int(one) for one in level + rng.integers(-3, 4, 10 * count)),
            shapes_db=tuple(tuple(int(x) for x in -rng.integers(0, 40, 15)) for _ in range(count)),
            left_pct=(50,) * count,
            alike_pct=(90,) * count,
        )
        heard.append(replace(stem, analysis=replace(stem.analysis, bands=bands)))
    return replace(given, stems=tuple(heard))


def mixer():
    torch.manual_seed(2)
    net = MixNet(MixSizes(width=16, layers=1, heads=2))
    with torch.no_grad():
        net.out.weight.normal_(std=0.5)
    return Mixer(net)


def arranged(ask, songs):
    remarks: list[str] = []
    plan = tune(ask, decks_for(ask, songs, NO_LIMITS, remarks), NO_LIMITS, remarks)
    return plan, arrange(ask, plan, Dice(ask.seed))


def strips(ask, plan, made, section, **more):
    bus = console.bus(ask, Dice(ask.seed))
    return strips_by_net(
        mixer(), ask, plan, made, [section], bus=bus, standing_lufs=STANDING, **more
    )


def test_every_track_gets_a_strip_and_the_section_its_level():
    ask = Ask("remix", energy=0.8, seconds=60.0, seed=3)
    plan, made = arranged(ask, (with_bands(song()),))
    for section, scene in enumerate(made.scenes):
        found = strips(ask, plan, made, section)
        assert [strip.source for strip in found] == list(range(len(made.tracks)))
        assert {strip.section for strip in found} == {section}
        total = sum(
            10 ** ((strip.gain_db + track.voice.loudness) / 10)
            for strip, track in zip(found, made.tracks, strict=True)
            if track.voice in scene.voices
        )
        assert 10 * log10(total) == pytest.approx(STANDING + scene.span.level_db, abs=2.0)


def test_stems_measured_without_bands_are_left_to_the_rules():
    ask = Ask("remix", seconds=30.0)
    plan, made = arranged(ask, (song(),))
    assert strips(ask, plan, made, 0) is None


def test_a_reach_of_nothing_keeps_the_artists_balance():
    ask = Ask("remix", energy=1.0, seconds=30.0)
    plan, made = arranged(ask, (with_bands(song()),))
    found = strips(ask, plan, made, 0, reach=0.0)
    assert len({strip.gain_db for strip in found}) == 1
    assert all(s.pan == 0.0 and not s.eq and s.compressor is None for s in found)


def test_recordings_are_evened_and_compressors_hear_what_came_before():
    """Two equal recordings, one 10 dB softer: its strips are 10 dB louder, its thresholds lower."""
    one = with_bands(song("a", roles=("bass", "keys")))
    soft = with_bands(song("b", roles=("bass", "keys")))
    quiet = tuple(
        replace(
            stem,
            analysis=replace(
                stem.analysis,
                loudness_lufs=stem.analysis.loudness_lufs - 10.0,
                bands=replace(
                    stem.analysis.bands,
                    levels_db=tuple(db - 10 for db in stem.analysis.bands.levels_db),
                ),
            ),
        )
        for stem in soft.stems
    )
    ask = Ask("collaboration", seconds=60.0, density=1.0, seed=1)
    plan, made = arranged(ask, (one, replace(soft, stems=quiet)))
    found = strips(ask, plan, made, 0, reach=0.0)
    gains = {track.deck.index: s.gain_db for s, track in zip(found, made.tracks, strict=True)}
    assert gains[1] - gains[0] == pytest.approx(10.0)


def test_what_is_asked_becomes_a_change_of_what_the_mix_is_like():
    assert shift_of(Ask("remix"), 0.5) == (0.0,) * 6
    low, high = (
        dict(zip(DESCRIPTORS, shift_of(Ask("remix", energy=e), e), strict=True)) for e in (0.2, 0.9)
    )
    assert high["drum share"] > low["drum share"]
    assert high["centroid"] > low["centroid"]
    bright = dict(zip(DESCRIPTORS, shift_of(Ask("mood", brightness=1.0), 0.5), strict=True))
    assert bright["centroid"] > 0.0 > bright["low share"]
