"""What is stored of a sealed variation, held against its record: nothing is rendered here.

The recipe's text, the stems it names, the tables of windows, the lines, the bytes of the master and
of the pieces. It reads and changes nothing. Invariant: whatever a record vouches for by a digest is
read again in full before it is said to agree.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from generation import recipe as recipes
from generation.external import EXTERNAL, cleared_digests
from generation.recipe import Recipe
from generation.variations.audits import Finding, Verdict
from generation.variations.models import Segment, Variation, VariationFile
from generation.worker.weighing import Tables, lines_by_policy
from licensing.attribution.models import LicenceRecord
from licensing.catalog.store import audio_store

# Lines weighed on two machines lie no further apart (docs/recipe.md).
LINES_PPM = 50
_BLOCK_BYTES = 1 << 20
Lines = Sequence[tuple[UUID, int]]


class Gone(Exception):
    """Something that a row names is not in the store, or has other bytes; one sentence."""


def agreement(holds: bool) -> Verdict:
    """Identical or different, where there is nothing between."""
    return Verdict.IDENTICAL if holds else Verdict.DIFFERENT


def recipe_finding(variation: Variation, record: LicenceRecord) -> Finding:
    """Whether the stored recipe is the one that was licensed."""
    found = recipes.sha256_of_text(variation.recipe)
    holds = found == record.recipe_sha256
    says = "is the one" if holds else "is not the one"
    return Finding("recipe", agreement(holds), f"The stored recipe {says} that the record names.")


def sources_finding(plan: Recipe, record: LicenceRecord) -> Finding:
    """Whether the recipe plays the stems that the record rests on, and no other sound."""
    stems = list(record.sources.order_by("position").values_list("digest", flat=True))
    made = list(record.external_sources.order_by("position").values_list("digest", flat=True))
    beside = [one.digest for one in plan.sources if one.role == EXTERNAL]
    holds = cleared_digests(plan) == stems and beside == made
    if holds:
        return Finding("sources", Verdict.IDENTICAL, "It plays the stems that the record rests on.")
    return Finding(
        "sources",
        Verdict.DIFFERENT,
        "It plays other sounds than the record rests on, so it was not rendered.",
    )


def tables_finding(stored: Tables, record: LicenceRecord) -> Finding:
    """Whether the stored tables of windows are those that were sealed."""
    holds = stored.sha256() == record.windows_sha256
    are = "are" if holds else "are not"
    return Finding("tables", agreement(holds), f"The stored windows {are} those that were sealed.")


def lines_finding(
    variation: Variation, plan: Recipe, tables: Tables, record: LicenceRecord
) -> Finding:
    """Whether the policy makes the sealed lines of the stored windows."""
    apart = apart_ppm(variation, plan, tables, record)
    verdict = lines_verdict(apart)
    sentence = "The stored windows give the sealed lines."
    if verdict is not Verdict.IDENTICAL:
        sentence = f"The stored windows give lines up to {apart:,} ppm beside the sealed ones."
    return Finding("lines", verdict, sentence, {"apart_ppm": apart})


def lines_verdict(apart: int) -> Verdict:
    """What so many ppm between lines come to."""
    if apart == 0:
        return Verdict.IDENTICAL
    return Verdict.WITHIN if apart <= LINES_PPM else Verdict.DIFFERENT


def apart_ppm(variation: Variation, plan: Recipe, tables: Tables, record: LicenceRecord) -> int:
    """How far, at most, a line that `tables` give lies beside the sealed one."""
    lines, unattributed = lines_by_policy(variation, plan, tables)
    found, sealed = dict(lines), dict(record.lines.values_list("stem_id", "ppm"))
    gaps = [abs(found.get(one, 0) - sealed.get(one, 0)) for one in {*found, *sealed}]
    return max([*gaps, abs(unattributed - record.unattributed_ppm)])


def fetch_master(file: VariationFile, record: LicenceRecord, path: Path) -> Finding:
    """Copies the archived master to `path`; whether it has the bytes that the record names.

    Raises Gone where it is not in the store.
    """
    digest = hashlib.sha256()
    try:
        with audio_store().open(file.name) as source, path.open("wb") as copy:
            while block := source.read(_BLOCK_BYTES):
                digest.update(block)
                copy.write(block)
    except FileNotFoundError as error:
        raise Gone("The archived master is not in the store.") from error
    named = {one["digest"] for one in record.files if one["format"] == file.format}
    holds = named == {digest.hexdigest()}
    has = "has the bytes" if holds else "has other bytes than those"
    return Finding("master", agreement(holds), f"The archived master {has} that the record names.")


def piece_bytes(segment: Segment) -> bytes:
    """A stored piece; raises Gone where it is not in the store or has other bytes than its row."""
    try:
        with audio_store().open(segment.name) as source:
            data: bytes = source.read()
    except FileNotFoundError as error:
        raise Gone(f"Piece {segment.index} is not in the store.") from error
    if hashlib.sha256(data).hexdigest() != segment.digest:
        raise Gone(f"Piece {segment.index} has other bytes than were stored.")
    return data
