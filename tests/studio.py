"""A small studio: two artists, one recording of four synthesised stems, signed and granted.

The sound is made and measured once per run; rows and objects are made anew for every test.
"""

import fcntl
import hashlib
import io
import pickle
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from django.utils import timezone

from generation.analysis.measure import measure_recording, measure_stem
from generation.analysis.operations import store_recording_measure, store_stem_measure
from generation.engine.codecs import encode_flac, from_int24, to_int24
from generation.variations.operations import request_variation
from licensing.catalog import operations as catalog
from licensing.catalog.rules import ShareAsked
from licensing.catalog.store import object_name, put_once
from licensing.clearance.operations import grant_use
from licensing.given import Given
from tests.kept_rows import made_once

RATE = 48_000
ACTOR = ("user", "1")
LISTENER = ("user", "7")
USES = ["REMIX", "MOOD", "FOCUS", "AMBIENT", "COLLABORATION"]


def _sounds():
    at = np.arange(RATE * 16) / RATE
    beat, noise = at % 0.5, np.random.default_rng(1).standard_normal(at.size)
    chord = sum(np.sin(2 * np.pi * hz * at) for hz in (220.0, 261.63, 329.63))
    return {
        "drums": 0.4 * noise * np.exp(-beat * 30),
        "bass": 0.4 * np.sin(2 * np.pi * 55 * at) * np.exp(-beat * 4),
        "pad": 0.1 * chord,
        "keys": 0.1 * chord * np.exp(-(at % 1.0) * 3),
    }


@dataclass(frozen=True)
class Material:
    """Labels, samples, files, digests and measures of the stems, and of all together."""

    labels: list
    audio: list
    flacs: list
    digests: list
    measures: list
    together: object


def make_material(sounds=None):
    """The stems, synthesised or `sounds` by role, and measured; seconds of work: once per run."""
    labels, audio, digests = [], [], []
    for label, sound in (sounds or _sounds()).items():
        pcm = to_int24(np.stack((sound, sound)).astype(np.float32))
        packed = np.ascontiguousarray(pcm).view(np.uint8).reshape(-1, 4)[:, :3]
        labels.append(label)
        audio.append(from_int24(pcm))
        digests.append(hashlib.sha256(packed.tobytes()).hexdigest())
    measures = [measure_stem(one, name) for one, name in zip(audio, labels, strict=True)]
    together = measure_recording(audio, measures)
    flacs = [encode_flac(one) for one in audio]
    return Material(labels, audio, flacs, digests, measures, together)


def shared_material(folder: Path) -> Material:
    """`make_material()` by whichever worker of the run comes first; `folder` is theirs alone."""
    kept = folder / "material"
    with (folder / "material.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(make_material()))
    return pickle.loads(kept.read_bytes())


@dataclass(frozen=True)
class Studio:
    """What stands in the database: two parties, a recording, its stems and grants."""

    parties: list
    recording: object
    stems: list
    grants: list


def _sign(right, parties, now, **target):
    shares = [ShareAsked(party.id, 500_000) for party in parties]
    sheet = catalog.propose_sheet(right=right, shares=shares, actor=ACTOR, now=now, **target)
    for party in parties:
        catalog.sign_sheet(
            sheet_id=sheet.id,
            party_id=party.id,
            user_ref="1",
            given=Given("click", locale="en"),
            text_sha256=sheet.text_sha256,
            now=now,
        )


_studios = {}


def build_studio(material):
    """Rows and objects of the studio; to be called inside the test's database."""
    for digest, flac in zip(material.digests, material.flacs, strict=True):
        put_once(object_name("archive", digest, "flac"), io.BytesIO(flac))
    # By identity: what is made holds its material, so the number is nobody else's.
    return _studios.setdefault(id(material), made_once(lambda: _rows_of(material)))()


def _rows_of(material):
    now = timezone.now() - timedelta(minutes=1)
    parties = [catalog.create_party(name=name, actor=ACTOR, now=now) for name in ("Ada", "Ben")]
    recording = catalog.create_recording(
        party_id=parties[0].id, title="Harbour", actor=ACTOR, now=now
    )
    stems = []
    for number, label in enumerate(material.labels):
        digest, flac = material.digests[number], material.flacs[number]
        stem = catalog.add_stem(
            recording_id=recording.id,
            party_id=parties[0].id,
            label=label,
            client_name=f"{label}.wav",
            role=label,
            actor=ACTOR,
            now=now,
        )
        stem = catalog.attach_audio(
            stem_id=catalog.begin_check(stem_id=stem.id, now=now).id,
            digest=digest,
            frames=material.audio[number].shape[1],
            original_sha256=digest,
            original_bytes=len(flac),
            archive_name=object_name("archive", digest, "flac"),
            original_name=object_name("original", digest, "wav"),
            now=now,
        )
        store_stem_measure(stem_id=stem.id, analysis=material.measures[number], now=now)
        stems.append(stem)
    catalog.mark_stems_complete(recording_id=recording.id, actor=ACTOR, now=now)
    store_recording_measure(
        recording_id=recording.id,
        stems=[stem.id for stem in stems],
        analysis=material.together,
        now=now,
    )
    _sign("MASTER", parties, now, recording_id=recording.id)
    _sign("PUBLISHING", parties, now, work_id=recording.work_id)
    grants = [
        grant_use(stem_id=stem.id, party_id=party.id, uses=USES, actor=ACTOR, now=now)
        for stem in stems
        for party in parties
    ]
    return Studio(parties, recording, stems, grants)


def ask_for(studio, **more):
    """A remix of the studio's recording, 12 s."""
    given = {
        "requester": LISTENER,
        "key": "k1",
        "mode": "remix",
        "targets": {"seconds": 12.0, "tempo_bpm": 124.0},
        "recordings": [str(studio.recording.id)],
        "seed": 3,
        "territory": "DE",
        "channel": "SITE",
        "now": timezone.now(),
    }
    return request_variation(**(given | more))
