"""What ships: it loads, it is small, it does what its card says, and it does not copy."""

import pytest

from generation.nets import checkpoints, copies, registry
from generation.nets.events import to_events
from generation.nets.harmony import measuring as harmony
from generation.nets.line import measuring as line
from generation.nets.line.quality import share_of
from generation.nets.line.writing import LineNet
from generation.nets.values import DENSITIES, LineRequest
from tests.generation.nets.material import progression

SPECIMENS = {"line": line.on_specimen, "harmony": harmony.on_specimen}


@pytest.mark.parametrize("name", sorted(SPECIMENS))
def test_every_release_loads_and_makes_of_the_specimen_what_its_card_says(name: str) -> None:
    versions = checkpoints.versions(name)
    assert versions
    for version in versions:
        path = checkpoints.path_of(checkpoints.RELEASED, name, version)
        assert path.stat().st_size <= 3_000_000
        checkpoint = checkpoints.load(path)
        found = SPECIMENS[name](checkpoint)
        assert round(found.reached, 4) == checkpoint.card.figure(found.name)


@pytest.mark.parametrize("name", sorted(registry.NETS))
def test_the_command_trains_the_newest_release_as_its_card_says(name: str) -> None:
    """What ships can be made again: plan and settings on the card are the command's defaults."""
    card = checkpoints.newest(name).card
    assert card.training is not None
    plan = registry.find(name).plan
    assert card.training.plan == {key: round(value, 4) for key, value in plan.items()}
    assert "epochs" not in card.settings or card.settings["epochs"] == plan["epochs"]
    assert card.seed == 0


def test_what_is_released_writes_inside_its_chords_and_copies_nothing() -> None:
    checkpoint = checkpoints.newest("line")
    net = LineNet(checkpoint)
    request = LineRequest("melody", progression(4, bars=8), 21, candidates=4)
    (lines,) = net.write([request])
    assert share_of((one.notes, request.chords) for one in lines) >= 0.8
    index = checkpoint.tensors["copies"].astype("uint32")
    for one in lines:
        events = to_events(one.notes, "melody")
        assert not copies.is_copied(events.pitch, events.duration, index)


def test_more_density_asked_for_is_more_notes_written() -> None:
    net = LineNet(checkpoints.newest("line"))
    requests = [
        LineRequest(part, progression(0, bars=8), 31, candidates=6, density=density)
        for part in ("melody", "bass")
        for density in DENSITIES[::2]
    ]
    counts = [sum(len(one.notes) for one in lines) for lines in net.write(requests)]
    for few, some, many in (counts[:3], counts[3:]):
        assert few < some < many
        assert many >= 2 * few
