"""A stem's name is believed; without one its sound decides, else the role is "other"."""

import pytest

from benchmarks import pieces
from generation.analysis.measure import measure_stem
from generation.analysis.roles import role_from_name


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Drums.wav", "drums"),
        ("01_Kick_In.aif", "drums"),
        ("BassDI.flac", "bass"),
        ("Bass drum", "drums"),
        ("sub bass 2.wav", "bass"),
        ("E-Piano (wet).mp3", "keys"),
        ("LeadVox_dbl.wav", "vocals"),
        ("BGV3.wav", "vocals"),
        ("acoustic gtr L.wav", "guitar"),
        ("Synth Pad.wav", "pad"),
        ("Violins 1.ogg", "strings"),
        ("tenor sax.wav", "other"),
        ("Track 07.wav", None),
        ("", None),
        ("../../drumsheet.exe", None),
    ],
)
def test_role_is_read_from_the_name(name, role):
    assert role_from_name(name) == role


@pytest.mark.parametrize("stem", ["drums", "bass", "pad"])
def test_role_is_heard_where_the_name_says_nothing(stem):
    import numpy as np

    line = pieces.piece(0).stems[stem][: 12 * 48_000]
    found = measure_stem(np.stack([line, line]), "Track 07.wav")
    assert found.role == stem
    assert found.role_confidence < 0.9
