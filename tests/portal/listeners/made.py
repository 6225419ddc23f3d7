"""Variations as a worker would have made them, without one: rows by operations, sound by hand."""

import asyncio
import hashlib
import io
import struct
import uuid
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import soundfile

from generation import recipe as recipes
from generation.analysis.operations import store_recording_measure, store_stem_measure
from generation.analysis.values import RecordingAnalysis, StemAnalysis
from generation.variations import operations
from generation.variations.models import Variation
from generation.variations.rules import FORMATS
from licensing.catalog.store import object_name, put_once
from licensing.clearance.operations import clear_use
from licensing.receipts.operations import record_receipt
from tests.kept_rows import made_once
from tests.licensing.stage import Stage, grant, set_stage

RATE = 48_000
GRANTED = ("REMIX", "MOOD", "FOCUS", "AMBIENT")


@made_once
def granted_stage(**limits: object) -> Stage:
    """Ana's Tide may be varied, but not with others; Cleo's Drift may not be varied at all."""
    stage = set_stage()
    for stem in (stage.drums, stage.vocals):
        for holder in (stage.ana, stage.ben):
            grant(stem, holder, *GRANTED, limits=limits)
    return stage


def named(user) -> tuple[str, str]:
    """A user as the books name them; who has such a name already (a partner) keeps it."""
    return user if isinstance(user, tuple) else ("user", str(user.pk))


def pay(user, now: datetime) -> None:
    """A receipt that covers the days around `now`."""
    record_receipt(
        key=f"paid:{named(user)[1]}",
        kind="SUBSCRIPTION",
        payer=named(user),
        amount_micros=9_990_000,
        currency="EUR",
        covers_from=now - timedelta(days=1),
        covers_until=now + timedelta(days=1),
        tax_micros=1_595_042,
        now=now,
    )


def plan(stage: Stage, seconds: float, net: str = "") -> recipes.Recipe:
    """A recipe of drums and vocals; only what pages read of one is true to life.

    `net`: the digest of one that wrote a note of it.
    """
    length = round(seconds * RATE)
    stems = (stage.drums, stage.vocals)
    clips = tuple(
        recipes.Clip(number, "vocoder/1", 0, length, ((0, 0), (length, length)))
        for number in range(2)
    )
    half = length // 2
    return recipes.Recipe(
        mode="remix",
        length=length,
        grid=recipes.Grid(120.0, 4),
        key="A min",
        sources=tuple(recipes.Source(one.audio_id, one.role, length) for one in stems),
        sections=(
            recipes.Section("verse", 0, half, 0.4),
            recipes.Section("chorus", half, length, 0.8),
        ),
        clips=clips,
        strips=(),
        bus=recipes.Bus(None, None, recipes.Limiter()),
        gain_db=0.0,
        target_lufs=-14.0,
        reached_lufs=-14.2,
        seed=1,
        remarks=("The drums keep their tempo.",),
        notes=(recipes.Note(0, 0, RATE, 0, RATE, 0, 0.0, net),) if net else (),
        nets=(net,) if net else (),
    )


def asked(user, stage: Stage, now: datetime, **more: object) -> Variation:
    """A remix of Tide that waits to be composed."""
    return operations.request_variation(
        requester=named(user),
        key=str(more.pop("key", uuid.uuid4())),
        mode="remix",
        targets={"seconds": 60.0},
        recordings=[str(stage.tide.pk)],
        seed=int(more.pop("seed", 1)),
        territory="DE",
        channel="SITE",
        now=now,
    )


def opened(
    user, stage: Stage, now: datetime, seconds: float = 8.0, net: str = "", **more: object
) -> Variation:
    """One that is being rendered, with no piece stored yet."""
    row = asked(user, stage, now, **more)
    recipe = plan(stage, seconds, net)
    cleared = clear_use(
        use="REMIX",
        stems=[stage.drums.pk, stage.vocals.pk],
        requester=named(user),
        territory="DE",
        channel="SITE",
        now=now,
    )
    assert cleared.allowed, cleared.reasons
    operations.open_variation(
        variation_id=row.pk,
        recipe=recipes.to_json(recipe),
        clearance_id=cleared.pk,
        sources=[(one.pk, one.audio_id) for one in (stage.drums, stage.vocals)],
        now=now,
    )
    row.refresh_from_db()
    return row


def flac(sound: np.ndarray) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, sound.T, RATE, format="FLAC", subtype="PCM_24")
    return out.getvalue()


def store(kind: str, extension: str, body: bytes) -> tuple[str, str]:
    """Put bytes into the store; their name and digest."""
    digest = hashlib.sha256(body).hexdigest()
    return put_once(object_name(kind, digest, extension), io.BytesIO(body)), digest


def tone(start: int, end: int) -> np.ndarray:
    at = np.arange(start, end) / RATE
    return np.stack([0.3 * np.sin(2 * np.pi * 220 * at), 0.3 * np.sin(2 * np.pi * 330 * at)])


@cache
def tone_file(start: int, end: int, gain: float = 1.0) -> bytes:
    """`tone` as FLAC; many tests store the same seconds."""
    return flac(gain * tone(start, end))


def windows(count: int, drums: float, vocals: float) -> bytes:
    return b"".join(struct.pack("<2d", drums, vocals) for _ in range(count))


def add_piece(row: Variation, index: int, now: datetime) -> bytes:
    """Store one piece: three quarters drums in even ones, three quarters vocals in odd ones."""
    start, end = recipes.piece_range(recipes.from_json(row.recipe), index)
    body = tone_file(start, end)
    name, digest = store("segment", "flac", body)
    shares = (0.03, 0.01) if index % 2 == 0 else (0.01, 0.03)
    operations.store_segment(
        variation_id=row.pk,
        index=index,
        name=name,
        digest=digest,
        size=len(body),
        windows=windows(-(-(end - start) // recipes.WINDOW_SAMPLES), *shares),
        now=now,
    )
    return body


def sealed(user, stage: Stage, now: datetime, **more: object) -> Variation:
    """A finished one with all its pieces, its lines and its files."""
    row = finished(user, stage, now, **more)
    assert row.state == "READY"
    return row


def finished(
    user,
    stage: Stage,
    now: datetime,
    seconds: float = 8.0,
    net: str = "",
    model_ppm: int = 0,
    **more: object,
) -> Variation:
    """One that is made, whether it may be heard or waits for a holder."""
    row = opened(user, stage, now, seconds, net, **more)
    for index in range(row.piece_count):
        add_piece(row, index, now)
    files = []
    for form in FORMATS:
        body = (form * 5_000).encode() + row.pk.bytes
        name, digest = store("file", form, body)
        files.append(operations.StoredFile(form, name, digest, len(body)))
    operations.seal_variation(
        variation_id=row.pk,
        lines=[(stage.drums.pk, 600_000), (stage.vocals.pk, 400_000)],
        windows_sha256="a" * 64,
        measured={
            "target_lufs": -14.0,
            "reached_lufs": -14.2,
            "integrated_lufs": -14.1,
            "true_peak_dbtp": -1.2,
            "trim_db": 0.1,
            "chroma_likeness": 0.934,
            "onset_likeness": 0.88,
            "model_ppm": model_ppm,
        },
        files=files,
        now=now,
    )
    row.refresh_from_db()
    return row


def measured(stage: Stage, now: datetime) -> None:
    """Analyses of Tide: drums in the middle, vocals in waves, 112 bpm in A minor, one minute."""
    length = 60 * RATE
    shapes = {
        stage.drums: [round(100 * np.sin(np.pi * at / 400) ** 0.5) for at in range(400)],
        stage.vocals: [round(60 + 50 * np.sin(at / 20)) for at in range(400)],
    }
    for stem, heights in shapes.items():
        known = StemAnalysis(
            length=length,
            role=stem.role,
            role_confidence=1.0,
            loudness_lufs=-18.0,
            true_peak_dbtp=-3.0,
            tempo_bpm=112.0,
            tempo_confidence=0.9,
            key="A min",
            key_confidence=0.9,
            centroid_hz=1_000.0,
            onsets=(),
            onset_db=(),
            chroma=(1.0, *[0.0] * 11),
            peaks=tuple((-one, one) for one in heights),
            active=((0, length),),
        )
        store_stem_measure(stem_id=stem.pk, analysis=known, now=now)
    whole = RecordingAnalysis(
        length=length,
        tempo_bpm=112.0,
        tempo_confidence=0.9,
        beats=(0, 25_714),
        downbeats=(0,),
        beats_per_bar=4,
        key="A min",
        key_confidence=0.9,
        parts=(),
        gram=(((1.0, 0.0), (0.0, 1.0)),),
        gram_span=length,
    )
    store_recording_measure(
        recording_id=stage.tide.pk,
        stems=[stage.drums.pk, stage.vocals.pk],
        analysis=whole,
        now=now,
    )


def body_of(answer) -> bytes:
    """What an answer brings, at once or as a stream."""
    if not answer.streaming:
        return answer.content

    async def collected() -> bytes:
        return b"".join([part async for part in answer])

    return asyncio.run(collected())
