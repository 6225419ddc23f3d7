"""The line net: it learns, what serves is what learned, and every answer stands by itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from generation.nets import copies, corpus, exact
from generation.nets.checkpoints import Checkpoint
from generation.nets.events import to_events
from generation.nets.learning import arrays_of
from generation.nets.line.examples import Example, example, examples
from generation.nets.line.grounds import OFFSETS, WIDTHS
from generation.nets.line.measuring import bits_of
from generation.nets.line.model import LineModel
from generation.nets.line.serving import Stepper, whole
from generation.nets.line.training import Plan, trained
from generation.nets.line.writing import ATTEMPTS, COMPASS, LineNet
from generation.nets.specimen import SPECIMEN
from generation.nets.values import Line, LineRequest
from tests.generation.nets.material import SMALL, progression, tune_file, untaught_line

REQUESTS = (
    LineRequest("melody", progression(2), 11, candidates=3),
    LineRequest("bass", progression(7, bars=2), 12, candidates=2, density=4, register=(36, 52)),
    LineRequest("melody", progression(0, bars=1), 13, candidates=1, density=1),
)


@pytest.fixture(scope="module")
def net() -> LineNet:
    return LineNet(untaught_line())


def test_a_request_is_answered_alike_alone_and_among_others(net: LineNet) -> None:
    alone = [net.write([one])[0] for one in REQUESTS]
    assert net.write(REQUESTS) == alone
    assert net.write(REQUESTS[::-1]) == alone[::-1]


def test_another_seed_writes_another_line(net: LineNet) -> None:
    one = REQUESTS[0]
    assert net.write([one]) != net.write([replace(one, seed=one.seed + 1)])


def test_candidates_do_not_depend_on_how_many_there_are(net: LineNet) -> None:
    fewer = replace(REQUESTS[0], candidates=1)
    assert net.write([fewer])[0] == net.write(REQUESTS[:1])[0][:1]


def _is_sound(line: Line, request: LineRequest, low: int, high: int) -> bool:
    end = 0
    for note in line.notes:
        if note.onset < end or note.duration < 1 or not low <= note.pitch <= high:
            return False
        end = note.onset + note.duration
    return end <= request.chords.ticks


def test_notes_follow_each_other_inside_their_bars_and_their_register(net: LineNet) -> None:
    for request, lines in zip(REQUESTS, net.write(REQUESTS), strict=True):
        # Without a register of its own a part keeps its compass, moved to its key.
        compass = COMPASS[request.part]
        low, high = request.register or (compass[0] - 6, compass[1] + 6)
        assert len(lines) == request.candidates
        assert all(_is_sound(line, request, low, high) for line in lines)


def test_the_same_seed_in_another_key_writes_the_same_line_there(net: LineNet) -> None:
    here, there = (
        net.write([LineRequest("melody", progression(tonic), 5, 1)])[0][0] for tonic in (0, 3)
    )
    assert [(one.onset, one.pitch + 3) for one in here.notes] == [
        (one.onset, one.pitch) for one in there.notes
    ]


def test_a_line_that_copies_is_written_again_and_another_stays_as_it_was() -> None:
    request = LineRequest("melody", progression(bars=12), 3, candidates=2)
    free = LineNet(untaught_line()).write([request])[0]
    checked = LineNet(untaught_line(copies=_hashes(free[0]))).write([request])[0]
    assert checked[0].notes != free[0].notes
    assert checked[1] == free[1]


def test_a_candidate_that_copies_at_every_attempt_is_left_out() -> None:
    request = LineRequest("melody", progression(bars=12), 3, candidates=1)
    known = np.zeros(0, dtype=np.uint32)
    for _ in range(ATTEMPTS):
        lines = LineNet(untaught_line(copies=known)).write([request])[0]
        assert len(lines) == 1
        known = np.union1d(known, _hashes(lines[0]))
    assert LineNet(untaught_line(copies=known)).write([request]) == [()]


def _hashes(line: Line) -> copies.Index:
    events = to_events(line.notes, "melody")
    return copies.index_of([(events.pitch, events.duration)])


def test_what_serves_scores_notes_as_what_learned() -> None:
    checkpoint = untaught_line()
    one = example(SPECIMEN, "melody")
    model = _learned_form(checkpoint)
    columns, onset, pitch, duration = (
        torch.from_numpy(values)[None]
        for values in (one.columns, one.events.onset, one.events.pitch, one.events.duration)
    )
    with torch.no_grad():
        pitches, durations = model(columns, onset, torch.zeros_like(onset), pitch)
    nats = torch.log_softmax(pitches, -1).gather(-1, pitch[..., None])
    nats = nats + torch.log_softmax(durations, -1).gather(-1, duration[..., None])
    ours = bits_of(checkpoint, [one])[0]
    assert ours == pytest.approx((-nats[0, :, 0] / np.log(2)).numpy(), abs=0.02)


def test_event_by_event_gives_the_same_bits_as_the_whole_line_at_once() -> None:
    weights = exact.unpacked(untaught_line().tensors)
    one = example(SPECIMEN, "bass")
    onset, pitch = one.events.onset, one.events.pitch
    pitches, durations = whole(weights, SMALL, one.columns, onset, pitch)
    net = Stepper(weights, SMALL, 1)
    for place in range(len(pitch)):
        at = slice(place, place + 1)
        hidden, scores = net.step(one.columns[at], onset[at])
        assert np.array_equal(scores[0], pitches[place])
        assert np.array_equal(net.durations(hidden, pitch[at])[0], durations[place])


def _learned_form(checkpoint: Checkpoint) -> LineModel:
    model = LineModel(SMALL).eval()
    weights = exact.unpacked(checkpoint.tensors)
    model.load_state_dict({name: torch.from_numpy(one).float() for name, one in weights.items()})
    return model


def test_a_few_steps_on_a_few_tunes_lower_the_loss(tmp_path: Path) -> None:
    tune_file(tmp_path, tunes=6)
    learned = examples(corpus.read(tmp_path), "train")
    told: list[str] = []
    plan = Plan(epochs=12, rows=2, window=32, rate=1e-2, size=SMALL)
    before = _mean_bits(LineModel(SMALL), learned)
    model = trained(learned, plan, 1, told.append)
    assert _mean_bits(model, learned) < 0.6 * before
    assert told


def _mean_bits(model: LineModel, learned: list[Example]) -> float:
    checkpoint = untaught_line()
    taught = Checkpoint(checkpoint.card, exact.packed(arrays_of(model)))
    return float(np.concatenate(bits_of(taught, learned)).mean())


def test_every_column_of_every_event_stands_in_its_own_table() -> None:
    for part in ("melody", "bass"):
        columns = example(SPECIMEN, part).columns - OFFSETS
        assert (columns >= 0).all()
        assert (columns < WIDTHS).all()
