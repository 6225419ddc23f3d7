"""The harmony net: it learns, anchors stand, and every answer stands by itself."""

from pathlib import Path

import numpy as np
import pytest

from generation.nets import corpus, exact
from generation.nets.checkpoints import Checkpoint
from generation.nets.counting import shifted
from generation.nets.harmony.beats import HELD, NOTHING, START, Beats, beats_of, examples
from generation.nets.harmony.measuring import scores_of
from generation.nets.harmony.model import HarmonyModel
from generation.nets.harmony.serving import Reader
from generation.nets.harmony.training import Plan, trained
from generation.nets.harmony.writing import HarmonyNet
from generation.nets.learning import arrays_of
from generation.nets.line.grounds import NO_CHORD
from generation.nets.specimen import SPECIMEN
from generation.nets.values import Chord, HarmonyRequest, Note, RequestError, Signature
from tests.generation.nets.material import SMALL_HARMONY, tune_file, untaught_harmony

C_MAJOR = Signature((4, 4), 0, "maj")
TUNE = SPECIMEN.melody
REQUESTS = (
    HarmonyRequest(C_MAJOR, 32, TUNE, 1, candidates=3),
    HarmonyRequest(Signature((3, 4), 5, "min"), 12, TUNE[:9], 2, candidates=2,
                   anchors=((0, Chord(5, "min")), (11, Chord(0, "7")))),
    HarmonyRequest(C_MAJOR, 4, (), 3, candidates=1),
)  # fmt: skip


@pytest.fixture(scope="module")
def net() -> HarmonyNet:
    return HarmonyNet(untaught_harmony())


def test_a_request_is_answered_alike_alone_and_among_others(net: HarmonyNet) -> None:
    alone = [net.write([one])[0] for one in REQUESTS]
    assert net.write(REQUESTS) == alone
    assert net.write(REQUESTS[::-1]) == alone[::-1]
    assert [len(one) for one in alone] == [3, 2, 1]


def test_anchors_stand_and_every_beat_has_a_chord(net: HarmonyNet) -> None:
    for request, lines in zip(REQUESTS, net.write(REQUESTS), strict=True):
        for one in lines:
            assert len(one.chords.chords) == request.beats
            assert None not in one.chords.chords
            for beat, chord in request.anchors:
                assert one.chords.chords[beat] == chord


def test_the_same_seed_in_another_key_chooses_the_same_chords_there(net: HarmonyNet) -> None:
    up = tuple(Note(one.onset, one.duration, one.pitch + 4) for one in TUNE)
    moved = HarmonyRequest(Signature((4, 4), 4, "maj"), 32, up, 1, candidates=3)
    here, there = net.write([REQUESTS[0], moved])
    for one, other in zip(here, there, strict=True):
        roots = [chord.root for chord in one.chords.chords if chord]
        assert [(root + 4) % 12 for root in roots] == [c.root for c in other.chords.chords if c]


def test_a_beat_knows_what_begins_on_it_what_goes_on_and_how_long_it_sounds() -> None:
    melody = (Note(0, 18, 64), Note(18, 6, 65), Note(36, 6, 79))
    beats = beats_of(C_MAJOR, melody, 4, (), 0)
    assert beats.columns[:, 0].tolist() == [4, HELD, NOTHING, 7]
    assert beats.shares[1, [4, 5]].tolist() == [0.5, 0.5]
    assert beats.shares.sum(1).tolist() == [1.0, 1.0, 0.0, 0.5]
    assert (beats.chords == NO_CHORD).all()


def test_beat_by_beat_gives_the_same_bits_as_the_whole_melody_at_once() -> None:
    net = Reader(exact.unpacked(untaught_harmony().tensors), SMALL_HARMONY)
    one = beats_of(C_MAJOR, TUNE, 32, SPECIMEN.chords, 0)
    before, onset = shifted(one.chords, 1, START), one.columns[:, 0]
    read = net.read(one.columns[None], one.shares[None], np.ones((1, 32), dtype=bool))
    together = net.whole(read[0], before, onset)
    caches = net.caches(1)
    for beat in range(32):
        at = slice(beat, beat + 1)
        alone = net.step(read[:, beat], before[at], onset[at], beat, caches)
        assert np.array_equal(alone[0], together[beat])


def test_an_anchor_outside_the_melody_is_refused() -> None:
    with pytest.raises(RequestError):
        HarmonyRequest(C_MAJOR, 4, (), 1, anchors=((4, Chord(0, "maj")),))


def test_a_few_steps_on_a_few_tunes_lower_the_loss(tmp_path: Path) -> None:
    tune_file(tmp_path)
    learned = examples(corpus.read(tmp_path), "train")
    told: list[str] = []
    plan = Plan(epochs=16, rows=2, window=32, rate=1e-2, size=SMALL_HARMONY)
    before = _right(HarmonyModel(SMALL_HARMONY), learned[0])
    after = _right(trained(learned, plan, 1, told.append), learned[0])
    assert after > 0.9 > before
    assert told


def _right(model: HarmonyModel, one: Beats) -> float:
    checkpoint = untaught_harmony()
    taught = Checkpoint(checkpoint.card, exact.packed(arrays_of(model)))
    best = scores_of(taught, one).argmax(-1)
    return float(np.mean(best == one.chords))
