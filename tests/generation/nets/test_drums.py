"""The drum net: what it plays is valid, repeatable, nobody's, and what it learned pays."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from generation.nets import checkpoints
from generation.nets.drums.baselines import struck_bits
from generation.nets.drums.copies import has_copy, index_of, passages
from generation.nets.drums.measuring import bits_of
from generation.nets.drums.model import DrumNet, DrumSizes
from generation.nets.drums.playing import Drummer, DrumRequest, NoPart, sampled
from generation.nets.drums.training import DrumSchedule, batch_of, read_of, train
from generation.nets.grooves import (
    STEPS,
    VOICES,
    BadGrooves,
    Groove,
    energies_of,
    offset_classes,
    read_grooves,
    velocity_classes,
)

SMALL = DrumSizes(width=16, layers=1, entry=12, chain=4, touch=8, dropout=0.0)
NO_COPIES = np.zeros(0, np.int64)


def groove(rng, *, bars=8, player="drummer1", chance=0.25):
    struck = rng.random((bars * STEPS, len(VOICES))) < chance
    velocity = (struck * rng.integers(1, 128, struck.shape)).astype(np.float32)
    offset = (struck * rng.uniform(-0.5, 0.5, struck.shape)).astype(np.float32)
    return Groove("a", player, "rock", "train", velocity, offset)


def beat(*, bars=4, accent=()):
    """Hats on eighths, kick on one and three, snare on two and four; an extra kick at `accent`."""
    velocity = np.zeros((bars * STEPS, len(VOICES)), np.float32)
    velocity[::2, 2], velocity[::8, 0], velocity[4::8, 1] = 80, 110, 100
    velocity[list(accent), 0] = 90
    return Groove("b", "drummer1", "rock", "train", velocity, np.zeros_like(velocity))


def drummer(seed=0):
    torch.manual_seed(seed)
    return Drummer(DrumNet(SMALL), NO_COPIES)


@pytest.fixture(scope="module")
def released():
    return checkpoints.serving(checkpoints.newest("drums"))


def test_a_part_holds_valid_hits_and_as_many_bars_as_were_asked_for():
    parts = drummer().play([DrumRequest((3,) * 5, seed=1), DrumRequest((0, 1), "jazz", seed=2)])
    assert [len(part) for part in parts] == [5, 2]
    for bar in (bar for part in parts for bar in part):
        assert len({(hit.step, hit.voice) for hit in bar}) == len(bar)
        assert list(bar) == sorted(bar)
        for hit in bar:
            assert 0 <= hit.step < STEPS
            assert 0 <= hit.voice < len(VOICES)
            assert 0.0 < hit.velocity <= 1.0
            assert -0.5 <= hit.offset <= 0.5


def test_a_request_that_cannot_be_played_is_refused():
    for energies in ((), (6,), (-1,)):
        with pytest.raises(ValueError, match="energy"):
            DrumRequest(energies)
    with pytest.raises(ValueError, match="temperature"):
        DrumRequest((3,), temperature=0.0)


def test_equal_requests_give_equal_parts_and_another_seed_another(released):
    ask = DrumRequest((3, 3), "funk", seed=7)
    first, second, other = released.play([ask, ask, replace(ask, seed=8)])
    assert first == second == released.play([ask])[0]
    assert other != first


def test_a_part_does_not_depend_on_what_is_played_beside_it(released):
    asks = [DrumRequest((1 + n % 5,) * (1 + n), "rock", seed=n) for n in range(4)]
    assert released.play(asks) == [released.play([ask])[0] for ask in asks]


def test_a_longer_part_begins_as_the_shorter_one_does(released):
    short, long = (DrumRequest((4,) * bars, seed=3) for bars in (1, 3))
    assert released.play([long])[0][:1] == released.play([short])[0]


def test_more_energy_is_more_hits(released):
    asks = [DrumRequest((e,) * 4, seed=seed) for e in range(1, 6) for seed in range(6)]
    hits = [sum(len(bar) for bar in part) for part in released.play(asks)]
    mean = np.reshape(hits, (5, 6)).mean(1)
    assert np.all(np.diff(mean) > 0)


def test_playing_decides_as_training_reads():
    """Every decision of a played part, asked again of the net in one piece."""
    torch.manual_seed(4)
    net = DrumNet(SMALL).double().eval()
    ask = DrumRequest((2, 4, 1), "latin", seed=9)
    velocity, offset = sampled(net, [ask])
    read = batch_of(
        [
            read_of(
                Groove("", "", "latin", "", *(x[0].astype(np.float32) for x in (velocity, offset)))
            )
        ]
    )
    energy = torch.tensor(ask.energies).repeat_interleave(STEPS)[None]
    steps = read.steps._replace(
        energy=energy,
        velocity=torch.from_numpy(velocity / 127.0),
        offset=torch.from_numpy(offset),
        known=read.steps.known.double(),
    )
    struck = torch.from_numpy((velocity > 0.0).astype(np.float64))
    with torch.inference_mode():
        chance = torch.sigmoid(net.struck_logits(net(steps), struck)).numpy()
    draws = np.random.default_rng((9, 0)).random((3 * STEPS, len(VOICES), 5))[None, :, :, 0]
    assert np.array_equal(draws < chance, velocity > 0.0)


def test_training_lowers_what_parts_cost():
    rng = np.random.default_rng(0)
    grooves = [beat(bars=8, accent=(14, 30)) for _ in range(4)] + [groove(rng, chance=0.05)]
    before = train(grooves, seed=1, sizes=SMALL, schedule=DrumSchedule(rounds=1, batch=1, bars=1))
    after = train(
        grooves, seed=1, sizes=SMALL, schedule=DrumSchedule(rounds=20, batch=4, bars=1, rate=0.02)
    )
    first, last = bits_of(before, grooves[:1]), bits_of(after, grooves[:1])
    assert float(last.struck) < 0.9 * float(first.struck)
    assert float(last.velocity) < float(first.velocity)


def test_training_twice_from_one_seed_gives_the_same_net():
    grooves = [beat(), groove(np.random.default_rng(1))]
    plan = DrumSchedule(rounds=2, batch=2, bars=2)
    one, two = (train(grooves, seed=5, sizes=SMALL, schedule=plan) for _ in range(2))
    for name, weight in one.state_dict().items():
        assert torch.equal(weight, two.state_dict()[name])


def test_a_passage_of_one_player_is_a_copy_and_a_plain_beat_is_nobodys():
    own = beat(accent=(14,))
    index = index_of([own])
    assert has_copy(own.hits, index)
    assert has_copy(np.roll(own.hits, STEPS, axis=0), index)
    assert not has_copy(beat().hits, index)
    assert passages(beat().hits) == []


def test_what_two_players_share_is_nobodys():
    one = beat(accent=(14,))
    assert len(index_of([one, replace(one, player="drummer2")])) == 0


def test_a_part_with_a_copied_passage_is_played_anew_and_in_the_end_refused():
    ask = DrumRequest((3, 3), seed=1)
    torch.manual_seed(0)
    net = DrumNet(SMALL).double().eval()
    takes = [sampled(net, [ask], attempt)[0][0] > 0.0 for attempt in range(8)]
    digests = [np.array(sorted(passages(take)), np.int64) for take in takes]
    again = Drummer(net, digests[0]).play([ask])[0]
    struck = {(n * STEPS + hit.step, hit.voice) for n, bar in enumerate(again) for hit in bar}
    assert struck == {(int(step), int(voice)) for step, voice in np.argwhere(takes[1])}
    with pytest.raises(NoPart):
        Drummer(net, np.unique(np.concatenate(digests))).play([ask])


def test_unigram_cost_is_the_entropy_of_the_coin():
    """Nine coins of 1 in 4: 9 * 0.8113 bits (Shannon)."""
    rng = np.random.default_rng(2)
    known = [groove(rng, bars=400)]
    cost = struck_bits(known, [groove(rng, bars=400)])
    assert cost["unigram"] == pytest.approx(9 * 0.811278, rel=0.01)


def test_energy_is_counted_over_phrases_of_four_bars():
    hits = np.zeros((6 * STEPS, len(VOICES)), bool)
    hits[: 4 * STEPS, 2] = True
    hits[4 * STEPS :, :2] = True
    assert energies_of(hits).tolist() == [2, 2, 2, 2, 5, 5]


def test_velocity_and_offset_fall_into_their_classes():
    assert velocity_classes(np.array([1, 22, 127], np.float32)).tolist() == [0, 1, 7]
    assert offset_classes(np.array([-0.5, 0.0, 0.5], np.float32)).tolist() == [0, 6, 10]


def test_recorded_parts_are_read_and_a_file_of_something_else_is_refused(tmp_path):
    piece = {
        "id": "drummer3/session1/2", "style": "funk/groove", "type": "beat", "split": "train",
        "bars": 2, "hits": [[0, 0, 100, -25], [5, 1, 40, 50], [32, 7, 90, 0]],
    }  # fmt: skip
    path = tmp_path / "grooves.json"
    path.write_text(json.dumps({"pieces": [piece, piece | {"type": "fill"}]}))
    (read,) = read_grooves(path)
    assert (read.player, read.style, read.bars) == ("drummer3", "funk", 2)
    assert np.argwhere(read.hits).tolist() == [[0, 0], [5, 1]]
    assert read.offset[0, 0] == pytest.approx(-0.25)
    path.write_text(json.dumps({"pieces": [piece | {"hits": [[0, 0, 200, 0]]}]}))
    with pytest.raises(BadGrooves, match="outside"):
        read_grooves(path)
    path.write_text("[]")
    with pytest.raises(BadGrooves):
        read_grooves(path)
