"""A change of key, of vocals or of density is heard: read off the samples that were handed out.

The ear is a Fourier transform of the seconds themselves. Each stem has a place of its own in the
spectrum, so who sounds is told without asking whoever planned it.
"""

import numpy as np
import pytest
from django.utils import timezone

from generation.sessions import rules
from generation.sessions.operations import steer_session
from tests.generation.sessions.conftest import begin, heard, listen, work_off
from tests.portal.listeners.made import pay
from tests.studio import LISTENER, build_studio, make_material

RATE = 48_000
LENGTH = 16
# Where each stem sounds alone, in hertz, and how much of the loudest second is silence there.
BASS, PAD, VOICE, DRUMS = (40, 75), (200, 345), (1_040, 1_055), (6_000, 16_000)
HUSH_DB = 25.0


@pytest.fixture(scope="module")
def sung():
    """Drums, bass, pad and a voice on one high note: A minor without a doubt."""
    at = np.arange(RATE * LENGTH) / RATE
    beat, noise = at % 0.5, np.random.default_rng(1).standard_normal(at.size)
    chord = sum(np.sin(2 * np.pi * hz * at) for hz in (220.0, 261.63, 329.63))
    return make_material(
        {
            "drums": 0.3 * np.diff(noise, prepend=0.0) * np.exp(-beat * 30),
            "bass": 0.4 * np.sin(2 * np.pi * 55 * at) * np.exp(-beat * 2),
            "pad": 0.1 * chord,
            "vocals": 0.2 * np.sin(2 * np.pi * 1_046.5 * at),
        }
    )


@pytest.fixture
def studio(db, sung):
    built = build_studio(sung)
    pay(LISTENER, timezone.now())
    return built


def _steered(wishes, **begun):
    """What is heard before a change and from its bar line on, the fades around it left out."""
    session = begin(**begun)
    work_off()
    listen(session, 6)
    steer_session(session_id=session.id, wishes=wishes, heard_at=4 * RATE, now=timezone.now())
    work_off(kinds=[rules.PLAN])
    changed = session.sections.order_by("-index").first()
    assert changed.because == "steered"
    line = -(-changed.start // RATE)
    listen(session, line + 5)
    return heard(session, range(changed.start // RATE)), heard(session, range(line + 1, line + 5))


def _spectrum(sound):
    """(hertz, power) of both channels together."""
    mono = sound.mean(axis=0) * np.hanning(sound.shape[1])
    return np.fft.rfftfreq(len(mono), 1 / RATE), np.abs(np.fft.rfft(mono)) ** 2 / len(mono)


def _pitches(sound):
    """How much of the sound between 150 and 2,000 Hz lies on each pitch class, C first."""
    hz, power = _spectrum(sound)
    kept = (hz > 150) & (hz < 2_000)
    classes = np.round(69 + 12 * np.log2(hz[kept] / 440.0)).astype(int) % 12
    return np.bincount(classes, weights=power[kept], minlength=12)


def _semitones(before, after):
    """By how many semitones, 0 to 11, the pitches of `before` must go up to be those of `after`."""
    one, other = _pitches(before), _pitches(after)
    fits = [float(np.roll(one, step) @ other) for step in range(12)]
    return int(np.argmax(fits))


def _power_db(sound, band):
    hz, power = _spectrum(sound)
    kept = (hz > band[0]) & (hz < band[1])
    return 10 * np.log10(power[kept].sum() / sound.shape[1] + 1e-12)


@pytest.mark.parametrize(("key", "semitones"), [("C min", 3), ("G min", 10)])
def test_a_change_of_key_moves_every_pitch_that_is_heard(studio, key, semitones):
    before, after = _steered({"key": key}, targets={"density": 1.0, "vocals": False})
    assert _semitones(before, before) == 0
    assert _semitones(before, after) == semitones


def test_a_voice_that_is_sent_out_is_heard_no_more_and_comes_back_when_it_is_called(studio):
    before, after = _steered({"vocals": False}, targets={"density": 1.0, "energy": 0.6})
    assert _power_db(before, VOICE) - _power_db(after, VOICE) > HUSH_DB
    before, after = _steered(
        {"vocals": True}, key="k2", targets={"density": 1.0, "energy": 0.6, "vocals": False}
    )
    assert _power_db(after, VOICE) - _power_db(before, VOICE) > HUSH_DB


def _voices(sound):
    """How many of the four stems are heard at all."""
    return sum(_power_db(sound, band) > -60.0 for band in (BASS, PAD, VOICE, DRUMS))


def test_more_density_is_heard_as_more_stems(studio):
    before, after = _steered({"density": 1.0}, mode="focus", targets={"density": 0.0})
    assert (_voices(before), _voices(after)) == (2, 3)
