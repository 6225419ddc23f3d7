"""`manage.py vary`: three whole files from a folder of stems, or one sentence and nothing."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from django.core.management import call_command
from django.core.management.base import CommandError
from pyebur128 import MeasurementMode, R128State, get_loudness_global, get_true_peak

from benchmarks.nets_director import heard_in
from generation.analysis import likeness
from generation.nets import chosen
from generation.recipe import from_json, sha256_of
from portal.demo.song import drumkit as kit
from portal.demo.song import instruments as play
from portal.demo.song.canvas import RATE, Canvas
from portal.demo.stems import stem_files, take
from tests.oracles.loudness import assert_holds

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def stems(tmp_path_factory):
    """Eight bars at 120: a beat and two chords, and a file that is no sound."""
    folder = tmp_path_factory.mktemp("stems")
    beat, chords = Canvas(32, 120.0, 1), Canvas(32, 120.0, 2)
    for n in range(32):
        beat.put(kit.kick(0.9) if n % 2 == 0 else kit.snare(0.9), n)
        beat.put(kit.hat(1.0, 0.03, 0), n + 0.5, 0.3)
    for bar in range(8):
        for note in ((57, 60, 64), (53, 57, 60), (50, 57, 62), (52, 56, 59))[bar % 4]:
            chords.put(play.electric_piano(note, 1.9, 0.5), bar * 4, 0.3)
    soundfile.write(folder / "drums.flac", beat.finished(-3).T, RATE, subtype="PCM_24")
    soundfile.write(folder / "keys.wav", chords.finished(-6).T, RATE, subtype="PCM_24")
    (folder / "notes.txt").write_text("no sound")
    return folder


def vary(*args):
    call_command("vary", *[str(arg) for arg in args])


@pytest.fixture(autouse=True)
def every_flac_holds_its_loudness(tmp_path):
    """Whatever a test makes here is read back by libebur128 afterwards."""
    yield
    for flac in tmp_path.rglob("variation.flac"):
        licence = json.loads(flac.with_name("licence.json").read_text())
        assert_holds(flac.read_bytes(), licence["reached_lufs"])


@pytest.fixture(scope="module")
def made(stems, tmp_path_factory):
    """One run of the real command, without any setting, database or terminal."""
    out = tmp_path_factory.mktemp("out") / "made"
    done = subprocess.run(
        [sys.executable, "manage.py", "vary", stems, "--mode=remix", "--out", out, "--seconds=14"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(out.parent), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return out


def test_it_makes_files_that_agree(made):
    assert sorted(path.name for path in made.iterdir()) == [
        "licence.json",
        "onsets.json",
        "recipe.json",
        "variation.flac",
    ]
    text = (made / "recipe.json").read_bytes()
    recipe = from_json(text.decode())
    licence = json.loads((made / "licence.json").read_text())
    assert licence["recipe_sha256"] == hashlib.sha256(text).hexdigest() == sha256_of(recipe)
    sound, rate = soundfile.read(made / "variation.flac")
    assert (rate, len(sound)) == (48_000, recipe.length)
    assert soundfile.info(made / "variation.flac").subtype == "PCM_24"
    assert licence["duration_s"] == pytest.approx(14.0, abs=1e-3)


def test_the_onsets_beside_it_are_those_that_the_recipe_names(made):
    recipe = from_json((made / "recipe.json").read_text())
    beside = json.loads((made / "onsets.json").read_text())
    assert set(beside) == {one.digest for one in recipe.sources}
    for source in recipe.sources:
        one = beside[source.digest]
        places, rises = np.array(one["places"], "<i8"), np.array(one["rises_db"], "<f8")
        sha256 = hashlib.sha256(places.tobytes() + rises.tobytes()).hexdigest()
        assert sha256 == one["sha256"] == source.onsets


def test_the_draft_has_exactly_its_fields_and_says_that_no_rights_were_checked(made):
    licence = json.loads((made / "licence.json").read_text())
    assert " ".join(licence) == (
        "schema status clearance recipe_sha256 policy target_lufs reached_lufs integrated_lufs"
        " true_peak_dbtp trim_db duration_s source result attribution windows_sha256 model_ppm"
        " engine notes"
    )
    assert licence["status"] == "draft"
    assert licence["clearance"] is None
    assert any("no rights were checked" in note for note in licence["notes"])
    kept = licence["engine"]["likeness"]
    assert min(kept["chroma"], kept["onsets"]) > 0.7
    assert f"It keeps the song: chroma {kept['chroma']:.2f}" in licence["notes"][1]
    assert licence["source"]["tempo_bpm"] == pytest.approx(120, rel=0.01)
    lines = licence["attribution"]
    assert sum(line["ppm"] for line in lines) == 1_000_000
    assert {line["stem"] for line in lines} == {"drums.flac", "keys.wav"}
    assert all(set(line) == {"stem", "sha256", "role", "ppm"} for line in lines)


def test_loudness_and_true_peak_are_what_an_independent_meter_reads(made):
    licence = json.loads((made / "licence.json").read_text())
    sound, rate = soundfile.read(made / "variation.flac")
    meter = R128State(2, rate, MeasurementMode.MODE_I | MeasurementMode.MODE_TRUE_PEAK)
    meter.add_frames(np.ascontiguousarray(sound).ravel(), len(sound))
    peak = max(get_true_peak(meter, side) for side in (0, 1))
    assert get_loudness_global(meter) == pytest.approx(licence["reached_lufs"], abs=0.3)
    assert get_loudness_global(meter) == pytest.approx(licence["integrated_lufs"], abs=0.1)
    assert 20 * np.log10(peak) <= -1.0


def test_the_same_seed_makes_the_same_sound(made, stems, tmp_path):
    vary(stems, "--mode=remix", "--out", tmp_path / "again", "--seconds=14")
    for name in ("variation.flac", "recipe.json", "onsets.json", "licence.json"):
        assert (tmp_path / "again" / name).read_bytes() == (made / name).read_bytes()


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Eight bars at 120 with single tones: a kit, a bass and a tune over two chords."""
    folder = tmp_path_factory.mktemp("played")
    beat, low, high = Canvas(32, 120.0, 1), Canvas(32, 120.0, 2), Canvas(32, 120.0, 3)
    for n in range(32):
        beat.put(kit.kick(0.9) if n % 2 == 0 else kit.snare(0.9), n)
        beat.put(kit.hat(1.0, 0.03, 0), n + 0.5, 0.3)
        root = (45, 41)[n // 4 % 2]
        low.put(play.bass(root - 12 + (0, 0, 7, 5)[n % 4], 0.45, 0.7), n, 0.6)
        high.put(
            play.electric_piano(root + 24 + (0, 7, 3 + root % 2, 12)[n % 4], 0.45, 0.5), n, 0.3
        )
    for name, canvas in (("drums", beat), ("bass", low), ("lead", high)):
        soundfile.write(folder / f"{name}.flac", canvas.finished(-6).T, RATE, subtype="PCM_24")
    return folder


ASK = ("--mode=remix", "--seconds=12", "--seed=3")
DENSITIES = (0.0, 0.5, 1.0)


@pytest.fixture(scope="module")
def by_nets(played, tmp_path_factory):
    """The same ask of the nets at three densities: density -> the recipe that was written."""
    folder = tmp_path_factory.mktemp("nets")
    for density in DENSITIES:
        out = folder / f"{density}"
        vary(played, *ASK, "--compose=nets", f"--density={density}", "--out", out)
    return folder


def test_nets_write_inside_the_chords_of_the_recording(played, by_nets, tmp_path):
    """Read from recipe.json: pitches by the slices that play them, chords by what sounds below."""
    song = take(stem_files(played), tmp_path).song
    told = [
        note.is_inside
        for density in DENSITIES
        for note in heard_in(recipe_in(by_nets / f"{density}"), song)
        if note.is_inside is not None
    ]
    assert len(told) >= 15
    assert sum(told) / len(told) >= 0.87


def test_more_density_asked_of_nets_is_more_notes_of_the_new_bass(by_nets):
    counts = []
    for density in DENSITIES:
        recipe = recipe_in(by_nets / f"{density}")
        basses = {n for n, source in enumerate(recipe.sources) if source.role == "bass"}
        counts.append(sum(note.source in basses for note in recipe.notes))
    assert 0 < counts[0] < counts[1] < counts[2]


def recipe_in(folder):
    return from_json((folder / "recipe.json").read_text())


def test_nets_write_other_notes_than_rules_and_the_draft_says_what_is_theirs(
    played, by_nets, tmp_path
):
    vary(played, *ASK, "--out", tmp_path / "rules", "--line=all")
    shutil.copytree(by_nets / "0.5", tmp_path / "nets")
    read = {one: recipe_in(tmp_path / one) for one in ("nets", "rules")}
    written = {
        one: {(n.start, n.slice_start, n.semitones) for n in recipe.notes}
        for one, recipe in read.items()
    }
    assert written["nets"] != written["rules"]
    ours = {choice.net: choice.digest for choice in chosen.newest()}
    assert {note.net for note in read["nets"].notes} <= set(ours.values())
    assert {note.net for note in read["rules"].notes} == {""}
    assert set(read["nets"].nets) <= set(ours.values())
    assert ours["mix"] in read["nets"].nets
    licence = json.loads((tmp_path / "nets" / "licence.json").read_text())
    assert 0 < licence["model_ppm"] < 1_000_000
    assert sum(one["ppm"] for one in licence["attribution"]) == 1_000_000


def test_a_steered_piece_changes_at_the_bar_line_after_the_moment_asked(stems, tmp_path):
    steered = "--steer=7:energy=1,density=1,tempo=126"
    vary(stems, "--mode=remix", "--out", tmp_path / "on", "--seconds=14", "--energy=0.1", steered)
    vary(stems, "--mode=remix", "--out", tmp_path / "off", "--seconds=14", "--energy=0.1", "--live")
    on, off = (from_json((tmp_path / one / "recipe.json").read_text()) for one in ("on", "off"))
    line = next(a.start for a in on.sections if a.start >= 7 * RATE)
    assert line <= 9.1 * RATE  # a bar at 116 or so is two seconds long
    assert [one.energy for one in on.sections if one.start >= line] == [1.0]
    assert on.sections[0].energy == off.sections[0].energy == 0.1
    heard = {
        one: {c.source for c in recipe.clips if c.start >= line - RATE // 10}
        for one, recipe in (("on", on), ("off", off))
    }
    assert len(heard["on"]) >= len(heard["off"])
    assert 14 * RATE <= on.length <= 17 * RATE


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--mode=remix", "--key=H maj"), "key"),
        (("--mode=remix", "--compose=nets", "--live"), "composed by rules"),
        (("--mode=remix", "--energy=1.5"), "0 to 1"),
        (("--mode=remix", "--energy=nan"), "0 to 1"),
        (("--mode=remix", "--tempo=20"), "40 to 240"),
        (("--mode=remix", "--seconds=9"), "10 to 1800"),
        (("--mode=remix", "--seed=-1"), "seed"),
        (("--mode=polka",), "polka"),
        (("--mode=collaboration",), "two folders"),
        (("--mode=focus", "--vocals=maybe"), "maybe"),
        (("--mode=mood", "--steer=soon:energy=1"), "does not read like 20:energy"),
        (("--mode=mood", "--steer=5:loudness=1"), "does not read like 20:energy"),
        (("--mode=mood", "--steer=5:energy=2"), "energy goes from 0 to 1, and 2 does not"),
        (("--mode=mood", "--steer=5:tempo=fast"), "tempo goes from 40 to 240"),
        (("--mode=mood", "--steer=5:key=H maj"), "key"),
    ],
)
def test_an_ask_that_has_no_meaning_is_refused_in_one_line(stems, tmp_path, options, said):
    with pytest.raises(CommandError, match=said) as refusal:
        vary(stems, *options, "--out", tmp_path / "none")
    assert refusal.value.returncode == 2
    assert "\n" not in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_sound_and_a_damaged_file_are_refused(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(CommandError, match="not a folder"):
        vary(tmp_path / "missing", "--mode=remix", "--out", out)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(CommandError, match="no sound files"):
        vary(empty, "--mode=remix", "--out", out)
    (empty / "fake.wav").write_text("this is not a wave file at all" * 40)
    with pytest.raises(CommandError, match=r"fake\.wav") as refusal:
        vary(empty, "--mode=remix", "--out", out)
    assert refusal.value.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_tempo_is_refused_where_none_was_found(tmp_path):
    folder = tmp_path / "wind"
    folder.mkdir()
    time = np.arange(12 * RATE) / RATE
    swell = np.sin(2 * np.pi * 220 * time) * (0.2 + 0.1 * np.sin(0.7 * time))
    soundfile.write(folder / "wind.wav", np.stack([swell, swell]).T, RATE)
    with pytest.raises(CommandError, match="tempo"):
        vary(folder, "--mode=remix", "--tempo=100", "--out", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["wind"]
    vary(folder, "--mode=remix", "--seconds=11", "--out", tmp_path / "out")
    licence = json.loads((tmp_path / "out" / "licence.json").read_text())
    assert licence["result"]["tempo_bpm"] is None
    assert licence["duration_s"] == 11.0
    assert any("free time" in note for note in licence["notes"])


def test_an_existing_folder_is_replaced_only_by_force_and_strangers_in_it_stay(
    made, stems, tmp_path
):
    out = tmp_path / "out"
    shutil.copytree(made, out)
    before = (out / "licence.json").read_bytes()
    with pytest.raises(CommandError, match="--force"):
        vary(stems, "--mode=ambient", "--out", out)
    assert (out / "licence.json").read_bytes() == before
    (out / "mine.txt").write_text("keep me")
    vary(stems, "--mode=ambient", "--seconds=10", "--out", out, "--force")
    assert (out / "mine.txt").read_text() == "keep me"
    licence = json.loads((out / "licence.json").read_text())
    assert licence["duration_s"] == 10.0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_does_not_keep_the_song_is_refused_with_the_reason(stems, tmp_path, monkeypatch):
    monkeypatch.setattr(likeness, "ONSETS_AT_LEAST", 1.01)
    with pytest.raises(CommandError, match="its attacks are like those of its sources by") as said:
        vary(stems, "--mode=remix", f"--out={tmp_path / 'made'}", "--seconds=10")
    assert said.value.returncode == 2
    assert list(tmp_path.iterdir()) == []
