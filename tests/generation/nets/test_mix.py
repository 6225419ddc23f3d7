"""The mix net: its caps, its indifference to order and silence, and a console like the engine's."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import scipy.signal
import torch

from generation.analysis.measure import measure_stem
from generation.analysis.values import BAND_EDGES_HZ, ROLES
from generation.compose.hearing.mixes import ROOM, heard, stretch_of
from generation.engine.eq import coefficients
from generation.engine.reverb import impulse
from generation.nets import mix_stems
from generation.nets.mix.console import (
    ACTIVE,
    CAPS,
    EQ,
    HIGH,
    LOW,
    MID,
    MUTE_DB,
    Material,
    band_gains,
    described,
    room_color,
)
from generation.nets.mix.mixing import Mixer, strips_of
from generation.nets.mix.model import MixNet, MixSizes, Wish, flat
from generation.nets.mix.settling import settled
from generation.nets.mix.training import MixSchedule, material_of, random_settings, train
from generation.nets.mix_stems import CENTERS_HZ, MixPiece, MixRequest, MixStem
from generation.recipe import Band, Reverb, Strip
from tests.generation.nets.noise import noise_song

RATE = 48_000
SMALL = MixSizes(width=16, layers=1, heads=2)
SHIFT = (1.0, -0.5, 0.5, 1.0, 1.0, -1.0)


def stems(seed=0, roles=("drums", "bass", "keys", "vocals"), frames=20):
    rng = np.random.default_rng(seed)
    return tuple(
        MixStem(
            role,
            (rng.gamma(0.7, 0.01, (frames, 1)) * rng.gamma(0.5, 1.0, (1, 15))).astype(np.float32),
            float(rng.uniform(0.3, 0.7)),
            float(rng.uniform(0.0, 1.0)),
        )
        for role in roles
    )


def wild(seed=0):
    """A net whose weights are far larger than any that were trained."""
    torch.manual_seed(seed)
    net = MixNet(SMALL)
    with torch.no_grad():
        for weight in net.parameters():
            weight.mul_(20.0)
        net.out.weight.normal_(std=20.0)
    return Mixer(net)


def lively(seed=0):
    """A net whose proposals differ from stem to stem."""
    torch.manual_seed(seed)
    net = MixNet(SMALL)
    with torch.no_grad():
        net.out.weight.normal_(std=0.5)
    return net


def mixer(seed=0):
    return Mixer(lively(seed))


@pytest.mark.parametrize("reach", [0.25, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_no_strip_goes_beyond_the_caps_whatever_is_asked(seed, reach):
    shift = tuple(np.random.default_rng(seed).normal(0.0, 100.0, 6))
    for strip in wild(seed).mix([MixRequest(stems(seed), shift, reach)])[0].strips:
        assert abs(strip.gain_db) <= reach * 9.0 + 0.01
        assert abs(strip.pan) <= reach * 0.7 + 0.001
        assert all(abs(band.gain_db) <= reach * 6.0 + 0.01 for band in strip.eq)
        assert strip.compressor is None or 1.0 < strip.compressor.ratio <= 1.0 + 3.0 * reach
        assert strip.send_db is None or strip.send_db <= -8.0


def test_a_reach_of_nothing_is_the_artists_own_mix():
    answer = wild().mix([MixRequest(stems(), SHIFT, reach=0.0)])[0]
    assert answer.strips == tuple(Strip(n, 0, 0.0) for n in range(4))


def test_another_order_of_the_stems_is_the_same_mix():
    given, order = stems(), (2, 0, 3, 1)
    plain = mixer().mix([MixRequest(given, SHIFT)])[0].strips
    moved = mixer().mix([MixRequest(tuple(given[n] for n in order), SHIFT)])[0].strips
    for place, n in enumerate(order):
        one, other = moved[place], plain[n]
        assert one.gain_db == pytest.approx(other.gain_db, abs=0.011)
        assert one.pan == pytest.approx(other.pan, abs=0.0011)
        assert [band.kind for band in one.eq] == [band.kind for band in other.eq]
        assert one.send_db == pytest.approx(other.send_db, abs=0.02)


def test_a_silent_stem_changes_nothing_and_is_left_alone():
    given = stems()
    silent = MixStem("guitar", np.zeros((20, 15), np.float32))
    plain = mixer().mix([MixRequest(given, SHIFT)])[0].strips
    more = mixer().mix([MixRequest((*given, silent), SHIFT)])[0].strips
    assert more == (*plain, Strip(4, 0, 0.0))
    assert mixer().mix([MixRequest((silent,), SHIFT)])[0].strips == (Strip(0, 0, 0.0),)


@pytest.mark.parametrize(("density", "sounding"), [(0.0, 1), (0.5, 2), (0.8, 3), (1.0, 4)])
def test_density_is_the_part_of_the_stems_that_sounds(density, sounding):
    strips = mixer().mix([MixRequest(stems(), SHIFT, 1.0, density)])[0].strips
    assert sum(strip.gain_db > MUTE_DB for strip in strips) == sounding


def test_a_request_outside_its_ranges_is_refused():
    with pytest.raises(ValueError, match="shift"):
        MixRequest(stems(), (0.0,) * 5)
    with pytest.raises(ValueError, match="Reach"):
        MixRequest(stems(), SHIFT, reach=1.5)


def test_the_equalizer_has_the_response_of_the_engines_filters():
    setting = torch.zeros(8)
    setting[[LOW, MID, HIGH]] = torch.tensor([5.0, -6.0, 3.5])
    wanted = np.ones(len(CENTERS_HZ))
    for gain, (kind, hz, q) in zip((5.0, -6.0, 3.5), EQ, strict=True):
        b0, b1, b2, a1, a2 = coefficients(Band(kind, hz, gain, q))
        turn = 2 * np.pi * np.array(CENTERS_HZ) / RATE
        _, response = scipy.signal.freqz([b0, b1, b2], [1.0, a1, a2], worN=turn)
        wanted *= np.abs(response) ** 2
    assert band_gains(setting).numpy() == pytest.approx(wanted, rel=1e-4)


def test_the_room_colors_as_the_engines_impulse_does():
    """The impulse's energy in each band over that of white noise of unit energy, in dB."""
    room = impulse(Reverb("reverb/1", 1.6, 18.0, 6_000.0, 0.0, 7))
    power = np.abs(np.fft.rfft(room, axis=1)) ** 2
    hertz = np.fft.rfftfreq(room.shape[1], 1 / RATE)
    place = np.searchsorted(mix_stems.EDGES_HZ, hertz)
    found = np.bincount(place, power.mean(0)) / np.bincount(place)
    modelled = room_color(torch.tensor([[1.6, 6.0]]))[0].numpy()
    off = 10 * np.log10(modelled / found)
    assert np.abs(off[3:]).max() < 2.0


def test_the_console_foretells_the_engines_on_noise():
    """Eight random settings: what is foretold follows what the rendered sound is like."""
    stretch = stretch_of(noise_song(), 0, 4.0)
    one, _ = material_of([stretch.stems], [ROOM])
    wide = Material(*(part.expand(8, *part.shape[1:]) for part in one))
    generator, full = torch.Generator().manual_seed(5), torch.ones(8)
    settings = random_settings(wide, full, full, generator)
    told = described(wide, settings).numpy()
    sound = np.array(
        [heard(stretch, strips_of(one, settings[n : n + 1], range(3))) for n in range(8)]
    )
    for place in range(6):
        assert np.corrcoef(told[:, place], sound[:, place])[0, 1] >= 0.9, mix_stems.DESCRIPTORS[
            place
        ]
    assert np.abs(told[:, 4:] - sound[:, 4:]).max() < 0.08


def test_a_stem_without_energy_and_the_order_of_stems_do_not_change_a_mix():
    given = stems()
    one, _ = material_of([given], [ROOM])
    more, _ = material_of([given[::-1]], [ROOM], stems=6)
    assert described(more, flat(more)).numpy() == pytest.approx(
        described(one, flat(one)).numpy(), rel=1e-4
    )


def test_settling_comes_nearer_and_keeps_within_the_caps():
    net = lively(3)
    net.scale.fill_(0.2)
    material, roles = material_of([stems(3)], [ROOM])
    reach = torch.tensor([0.5])
    with torch.no_grad():
        own = net.scaled(described(material, flat(material)))
        wish = Wish(own, torch.tensor([[0.5, -0.5, 0.0, 0.5, 0.5, 0.0]]), reach, torch.ones(1))
        proposed = net(material, roles, wish)
    found = settled(net, material, wish, proposed)
    off = [
        float((net.scaled(described(material, one)) - own - wish.shift).abs().mean())
        for one in (proposed, found)
    ]
    assert off[1] < 0.9 * off[0]
    assert bool((found[..., :ACTIVE].abs() <= torch.tensor(CAPS) * 0.5 + 1e-6).all())
    assert torch.equal(found[..., ACTIVE], proposed[..., ACTIVE])


def test_random_settings_keep_within_reach_and_density():
    material, _ = material_of([stems()] * 3, [ROOM] * 3)
    reach, density = torch.tensor([0.1, 0.5, 1.0]), torch.tensor([0.25, 0.5, 1.0])
    drawn = random_settings(material, reach, density, torch.Generator().manual_seed(1))
    most = drawn[..., :ACTIVE].abs().amax(1)
    assert bool((most <= torch.tensor(CAPS) * reach[:, None] + 1e-6).all())
    assert drawn[..., ACTIVE].sum(1).tolist() == [1.0, 2.0, 4.0]


def test_training_brings_mixes_nearer_to_what_is_asked():
    pieces = [MixPiece(f"{n}", "train", stems(n, frames=24)) for n in range(3)]
    told = []
    train(
        pieces,
        seed=1,
        sizes=SMALL,
        schedule=MixSchedule(rounds=30, batch=12, frames=12, rate=2e-2, told=10, scales=4),
        told=told.append,
    )
    errors = [float(line.split(": ")[1].split()[0]) for line in told]
    assert errors[-1] < 0.95 * errors[0]


def test_what_ingest_keeps_is_read_with_its_level_and_its_bands():
    """A sine of 1 kHz at amplitude 0.5 in both channels: K-weighted 0.25 (BS.1770 adds 0.7 dB)."""
    line = 0.5 * np.sin(2 * np.pi * 1_000.0 * np.arange(2 * RATE) / RATE)
    analysis = measure_stem(np.stack([line, line]).astype(np.float32), "keys")
    stem = mix_stems.stem_of("keys", asdict(analysis.bands))
    assert stem.level_db == pytest.approx(10 * np.log10(0.25) + 0.69, abs=0.6)
    energy = stem.energy.sum(0)
    assert int(energy.argmax()) == EQ_BAND
    assert energy[EQ_BAND] > 0.8 * energy.sum()
    assert (stem.left, stem.alike) == pytest.approx((0.5, 1.0))


EQ_BAND = int(np.searchsorted(BAND_EDGES_HZ, 1_000.0))


def test_ingest_and_net_speak_of_the_same_bands_and_roles():
    assert mix_stems.EDGES_HZ == BAND_EDGES_HZ
    assert mix_stems.ROLES == ROLES
    edges = (0.0, *BAND_EDGES_HZ, 24_000.0)
    inside = zip(edges[:-1], CENTERS_HZ, edges[1:], strict=True)
    assert all(low < center < high for low, center, high in inside)


def test_a_part_of_a_stem_is_the_frames_of_its_spans():
    bands = {
        "hop": 4_800, "span": 48_000, "levels_db": list(range(-30, -10)),
        "shapes_db": [[0] * 15, [-3] * 15], "left_pct": [50, 100], "alike_pct": [100, 0],
    }  # fmt: skip
    stem = mix_stems.stem_of("keys", bands, [(48_000, 57_600), (0, 4_800)])
    levels = 10 * np.log10(stem.energy @ mix_stems.K_WEIGHTS)
    assert levels == pytest.approx([-20.0, -19.0, -30.0], abs=1e-3)
    assert stem.over(6).energy.shape == (6, 15)
    assert replace(stem, energy=stem.energy[:0]).level_db == pytest.approx(-120.0)
