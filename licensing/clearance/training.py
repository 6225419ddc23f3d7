"""May a net learn from these stems, and does what it learned from still stand?

Training is a use like any other and is decided by the same rules; who asks is a net in one version,
so another version asks anew. It refuses to know nets, files and folders. Invariants: every question
is kept as a clearance, yes or no; audio that no stem has any more is never cleared.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from licensing.audit.operations import record_fact
from licensing.catalog.models import AudioObject, Stem
from licensing.clearance.models import Clearance, Use
from licensing.clearance.operations import clear_use

OWN_SITE = "SITE"
_SYSTEM = ("system", "training")


class TrainingRefused(ValueError):
    """A net may not learn from this; the message says of which audio, and why."""


@dataclass(frozen=True, slots=True)
class Permitted:
    """Audio of the catalog that a net may learn from, by PCM digest, and the clearance for it."""

    digests: tuple[str, ...]
    clearance: UUID | None


NOTHING = Permitted((), None)


def clear_training(
    *,
    net: str,
    version: int,
    pcm: Collection[str],
    files: Collection[str],
    territory: str,
    now: datetime,
) -> Permitted:
    """Clear the stems whose audio is among `pcm` (digests) or came in one of `files` (SHA-256).

    Nothing of the catalog among them: NOTHING, and no clearance. Raises TrainingRefused for a no,
    which is kept as well.
    """
    known = AudioObject.objects.filter(Q(pk__in=list(pcm)) | Q(original_sha256__in=list(files)))
    digests = tuple(sorted(known.values_list("pk", flat=True)))
    if not digests:
        return NOTHING
    stems = _stems_of(digests)
    if not territory:
        raise TrainingRefused("Stems of the catalog are among the data: say in which territory.")
    cleared = _cleared(net, version, stems, territory, now)
    if not cleared.allowed:
        raise TrainingRefused(" ".join(dict.fromkeys(one["sentence"] for one in cleared.reasons)))
    return Permitted(digests, cleared.pk)


@transaction.atomic
def _cleared(net: str, version: int, stems: list[UUID], territory: str, now: datetime) -> Clearance:
    cleared = clear_use(
        use=Use.TRAINING,
        stems=stems,
        requester=("net", f"{net} {version}"),
        territory=territory,
        channel=OWN_SITE,
        now=now,
    )
    record_fact(
        actor=_SYSTEM,
        verb="clear_training",
        object_kind="clearance",
        object_ref=cleared.pk,
        after={"net": net, "version": version, "allowed": cleared.allowed},
        at=now,
    )
    return cleared


def _stems_of(digests: Collection[str]) -> list[UUID]:
    """The stems of each digest: those that are there, or the deleted ones where no other is."""
    rows = Stem.objects.filter(audio_id__in=list(digests)).order_by("pk")
    by_digest: dict[str, list[Stem]] = {}
    for one in rows:
        by_digest.setdefault(str(one.audio_id), []).append(one)
    for digest in digests:
        if digest not in by_digest:
            raise TrainingRefused(f"The audio {digest[:12]} was of a stem that is no more.")
    found: list[UUID] = []
    for stems in by_digest.values():
        there = [one for one in stems if one.state != Stem.State.DELETED]
        found += [one.pk for one in there or stems]
    return found


# What a clearance for training rests on, and what of it fell: as a record's grants fall.
_FALLEN = """
WITH asked AS (
    SELECT c.id, gr.id AS grant_id, gr.valid_until, gr.stem_id
    FROM clearance_clearance c
    CROSS JOIN LATERAL jsonb_array_elements(c.terms -> 'stems') AS stem
    CROSS JOIN LATERAL jsonb_array_elements(stem -> 'grants') AS given
    JOIN clearance_grant gr ON gr.id = (given ->> 'grant')::uuid
    WHERE c.id = ANY(%(ids)s::uuid[]) AND c.allowed AND c.use = 'TRAINING'),
moment AS (SELECT coalesce(%(at)s::timestamptz, now()) AS at)
SELECT asked.id,
       bool_or(EXISTS (
           SELECT 1 FROM clearance_withdrawal w
           WHERE w.grant_id = asked.grant_id AND 'TRAINING' = ANY(w.uses)
             AND (w.effect = 'TAKE_DOWN' OR w.served_until <= moment.at))),
       bool_or(coalesce(asked.valid_until <= moment.at, FALSE)),
       bool_or(EXISTS (
           SELECT 1 FROM clearance_hold h JOIN catalog_stem s ON s.id = asked.stem_id
           WHERE h.released_at IS NULL AND (h.target_kind, h.target_ref) IN
                 (('STEM', s.id::text), ('RECORDING', s.recording_id::text))))
FROM asked, moment GROUP BY asked.id
"""
_WHY = (
    "a holder withdrew training with effect on what was made",
    "a grant of training has ended",
    "a stem that it learned from is held",
)


def fallen_trainings(
    clearances: Iterable[UUID], at: datetime | None = None
) -> dict[UUID, tuple[str, ...]]:
    """Those of the clearances that no longer carry a net, with why; one query. `at`: None for now.

    One that is not a clearance for training here, or was refused, carries none. A withdrawal that
    keeps what is finished fells nothing, and refuses the next version all the same.
    """
    wanted = set(clearances)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_FALLEN, {"ids": list(wanted), "at": at})
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    fallen: dict[UUID, tuple[str, ...]] = {}
    fallen |= {one: ("it is not cleared here",) for one in wanted - rows.keys()}
    for one, fell in rows.items():
        if any(fell):
            fallen[one] = tuple(why for why, is_so in zip(_WHY, fell, strict=True) if is_so)
    return fallen
