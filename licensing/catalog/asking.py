"""Whom a proposed sheet asks, read from rows: its own parties, and those of versions that it ends.

It writes nothing. Invariant: whoever holds by a version that a proposal ends is asked by it, or the
proposal is out of date and cannot count.
"""

from datetime import datetime
from uuid import UUID

from licensing.catalog.models import (
    EndedVersion,
    Recording,
    Share,
    Signature,
    SplitSheet,
    StandIn,
    Stem,
    Work,
)
from licensing.catalog.succession import Signed, ended_by

Target = dict[str, Recording | Stem | Work]


def lock_thing(
    *, recording_id: UUID | None = None, stem_id: UUID | None = None, work_id: UUID | None = None
) -> Target:
    """The one thing a sheet stands on, locked until the transaction ends, so that its versions are
    counted one by one; of a stem the recording too, whose sheet divides it as well."""
    if stem_id is not None:
        Recording.objects.select_for_update(no_key=True).get(stems=stem_id)
        return {"stem": Stem.objects.select_for_update().get(pk=stem_id)}
    if recording_id is not None:
        return {"recording": Recording.objects.select_for_update().get(pk=recording_id)}
    assert work_id is not None  # one of the three is named
    return {"work": Work.objects.select_for_update().get(pk=work_id)}


def ended_sheets(right: str, target: Target, start: datetime) -> list[SplitSheet]:
    """The signed versions that a new one of this thing ends from `start` on, the oldest first."""
    own = list(SplitSheet.objects.filter(right=right, state="SIGNED", **target))
    stem = target.get("stem")
    around = (
        list(SplitSheet.objects.filter(recording=stem.recording_id, state="SIGNED"))
        if isinstance(stem, Stem)
        else []
    )
    ended = ended_by(start, _signed(own), _signed(around))
    return sorted(
        (one for one in [*around, *own] if one.pk in ended),
        key=lambda one: (one.stem_id is not None, one.version),
    )


def _signed(sheets: list[SplitSheet]) -> list[Signed]:
    return [
        Signed(one.pk, one.version, one.effective_from)
        for one in sheets
        if one.effective_from is not None
    ]


def asked_of(sheet: SplitSheet) -> frozenset[UUID]:
    """Every party whose yes the sheet needs."""
    named = Share.objects.filter(sheet=sheet).values_list("party_id", flat=True)
    return frozenset(named) | holders_ended_by(sheet)


def holders_ended_by(sheet: SplitSheet) -> frozenset[UUID]:
    """The parties of the versions that the sheet ends."""
    ended = EndedVersion.objects.filter(sheet=sheet).values("ended")
    return frozenset(Share.objects.filter(sheet__in=ended).values_list("party_id", flat=True))


def agreed_to(sheet: SplitSheet) -> frozenset[UUID]:
    """The parties that signed, and those in whose place two people have decided."""
    signed = Signature.objects.filter(sheet=sheet).values_list("party_id", flat=True)
    decided = StandIn.objects.filter(sheet=sheet, state=StandIn.State.DECIDED)
    return frozenset(signed) | frozenset(decided.values_list("party_id", flat=True))
