"""What of a second of a live session a model wrote, by source, as the picture hatches it."""

import struct

from generation.sessions.models import LiveSegment
from portal.audio.live import model_of, shares_of

COLUMNS = {"d": 0, "k": 1}


def second(generated, players):
    rows = [(0.03, 0.01)] * 10
    return LiveSegment(
        sources=["d", "k"],
        windows=b"".join(struct.pack("<2d", *row) for row in rows),
        generated=struct.pack("<10d", *generated) if generated else b"",
        players=players,
    )


def told(row):
    return model_of(row, COLUMNS, shares_of(row, COLUMNS))


def test_the_part_stands_at_the_source_that_plays_it():
    assert told(second([0.005] * 10, ["k"])) == (0, 125)
    assert told(second([0.012] * 5 + [0.0] * 5, ["d"])) == (150, 0)


def test_it_is_never_more_than_its_source():
    assert told(second([0.9] * 10, ["k"])) == (0, 250)


def test_where_no_model_wrote_nothing_is_said():
    assert told(second([], [])) == ()
    assert told(second([0.0] * 10, ["k"])) == ()


def test_in_another_order_of_sources_it_follows_its_own():
    row = second([0.005] * 10, ["k"])
    columns = {"k": 0, "x": 1, "d": 2}
    assert model_of(row, columns, shares_of(row, columns)) == (125, 0, 0)
