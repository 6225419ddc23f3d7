"""A small catalog to play on: Ana's recording with drums and vocals, Cleo's with a pad, all signed.

Made by the house's own operations, for tests of every room that needs cleared stems.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from licensing.catalog import operations as catalog
from licensing.catalog.asking import asked_of
from licensing.catalog.models import Party, Recording, Stem
from licensing.catalog.rules import ShareAsked
from licensing.clearance import operations as clearance
from licensing.given import Given
from tests.kept_rows import made_once

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ACTOR = ("user", "7")


def digest_of(name: str) -> str:
    """A digest for audio that a test only names."""
    return hashlib.sha256(name.encode()).hexdigest()


@dataclass
class Stage:
    """What stands on the stage; `Ana` 80 % and `Ben` 20 % hold Tide, `Cleo` holds Drift."""

    ana: Party
    ben: Party
    cleo: Party
    tide: Recording
    drift: Recording
    drums: Stem
    vocals: Stem
    pad: Stem

    @property
    def stems(self) -> list[UUID]:
        return [self.drums.id, self.vocals.id, self.pad.id]


def party(name: str) -> Party:
    return catalog.create_party(name=name, actor=ACTOR, now=NOON)


def recording(of: Party, title: str) -> Recording:
    return catalog.create_recording(party_id=of.id, title=title, actor=ACTOR, now=NOON)


def stem(of: Recording, label: str, role: str, digest: str | None = None) -> Stem:
    """A READY stem; its audio is named, not stored."""
    made = catalog.add_stem(
        recording_id=of.id,
        party_id=of.party_id,
        label=label,
        role=role,
        client_name=f"{label}.wav",
        actor=ACTOR,
        now=NOON,
    )
    return attach(made, digest or digest_of(f"{of.title}/{label}"))


def attach(made: Stem, digest: str) -> Stem:
    catalog.begin_check(stem_id=made.id, now=NOON)
    return catalog.attach_audio(
        stem_id=made.id,
        digest=digest,
        frames=48_000,
        original_sha256=digest_of("original of " + digest),
        original_bytes=288_044,
        archive_name=f"archive/{digest[:2]}/{digest}.flac",
        original_name=f"original/{digest[:2]}/{digest}.wav",
        now=NOON,
    )


def agree(
    shares: list[tuple[Party, int]],
    at: datetime = NOON,
    effective_from: datetime | None = None,
    **target: UUID,
) -> None:
    """Propose a sheet on one thing and let every party that it asks sign."""
    sheet = catalog.propose_sheet(
        right="PUBLISHING" if "work_id" in target else "MASTER",
        shares=[ShareAsked(one.id, ppm) for one, ppm in shares],
        actor=ACTOR,
        now=at,
        effective_from=effective_from,
        **target,
    )
    for party_id in sorted(asked_of(sheet)):
        catalog.sign_sheet(
            sheet_id=sheet.id,
            party_id=party_id,
            user_ref="7",
            given=Given("password", locale="en"),
            text_sha256=sheet.text_sha256,
            now=at,
        )


def grant(
    made: Stem, holder: Party, *uses: str, now: datetime = NOON, **more: object
) -> clearance.Grant:
    return clearance.grant_use(
        stem_id=made.id, party_id=holder.id, uses=uses, actor=ACTOR, now=now, **more
    )


@made_once
def set_stage() -> Stage:
    """Everything signed and complete, nothing granted."""
    ana, ben, cleo = party("Ana"), party("Ben"), party("Cleo")
    tide, drift = recording(ana, "Tide"), recording(cleo, "Drift")
    drums, vocals = stem(tide, "Drums", "drums"), stem(tide, "Vocals", "vocals")
    pad = stem(drift, "Pad", "pad")
    agree([(ana, 800_000), (ben, 200_000)], recording_id=tide.id)
    agree([(ana, 1_000_000)], work_id=tide.work_id)
    agree([(cleo, 1_000_000)], recording_id=drift.id)
    agree([(cleo, 1_000_000)], work_id=drift.work_id)
    for one in (tide, drift):
        catalog.mark_stems_complete(recording_id=one.id, actor=ACTOR, now=NOON)
    return Stage(ana, ben, cleo, tide, drift, drums, vocals, pad)


@made_once
def open_stage() -> Stage:
    """Everything signed, complete and granted for every use."""
    stage = set_stage()
    grant_everything(stage)
    return stage


def grant_everything(stage: Stage, *uses: str, **more: object) -> None:
    """Every holder of every stem says yes to the uses."""
    chosen = uses or ("REMIX", "MOOD", "FOCUS", "AMBIENT", "COLLABORATION")
    for holder, stems in (
        (stage.ana, [stage.drums, stage.vocals]),
        (stage.ben, [stage.drums, stage.vocals]),
        (stage.cleo, [stage.pad]),
    ):
        clearance.grant_matrix(
            stem_ids=[one.id for one in stems],
            party_id=holder.id,
            uses=chosen,
            actor=ACTOR,
            now=NOON,
            **more,
        )
