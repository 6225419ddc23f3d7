"""The particulars of a sealed record in its case file: shown in words, and the frozen JSON itself.

It reads and shows; it writes nothing. Invariant: the file is the stored text byte for byte, so its
SHA-256 is the digest in the fact of the sealing.
"""

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from licensing.attribution.keeping import kept_of
from licensing.attribution.models import LicenceRecord, RecordParticulars
from licensing.catalog.models import Party

_LEVELS = {
    "fully_autonomous": "fully autonomous: nobody asked for anything but mode, length and place",
    "prompt_guided": "prompt guided: somebody asked for it",
    "human_validated": "human validated: every holder who was asked said yes",
}
_MADE = {
    "none": "nothing of what is heard",
    "part": "a part of what is heard",
    "all": "all of what is heard",
}
NOT_SAID = "not said"


@dataclass(frozen=True, slots=True)
class Told:
    """The particulars of one record for the page: (what, how it is) and (what, code)."""

    sha256: str
    rows: tuple[tuple[str, str], ...]
    codes: tuple[tuple[str, str], ...]


def particulars_told(record: LicenceRecord) -> Told | None:
    """What the page says; None for a record without particulars."""
    kept = kept_of(record)
    if kept is None:
        return None
    value = kept.value
    made = value["disclosure"]
    request, job, likeness = value["request"] or {}, value["job"] or {}, value["likeness"]
    names = dict(
        Party.objects.filter(pk__in=[one.party for one in kept.reviews]).values_list("pk", "name")
    )
    rows = [
        ("Oversight", _LEVELS.get(kept.oversight or "", NOT_SAID)),
        ("Made by a model", f"{_MADE[made['made_by_model']]}, {made['model_ppm']:,} ppm"),
        ("Likeness held against", likeness["thresholds"] if likeness else "not measured"),
        ("Marks in the sound", ", ".join(value["marks"]) or "none"),
        ("Kept", f"while it is available and {value['retention']['years_after_available']} years"),
    ]
    rows += [
        (f"Answer of {names.get(one.party, one.party)}", f"{one.state.lower()}, fact {one.fact}")
        for one in kept.reviews
    ]
    codes = [(f"Net {one['net'] or '?'}", one["weights_sha256"]) for one in made["nets"] or ()]
    codes += [
        ("Request", request.get("sha256") or NOT_SAID),
        ("Sealed by the job", job.get("ref") or NOT_SAID),
        ("Engine", ", ".join(value["engine"]["processors"]) or NOT_SAID),
    ]
    codes += [
        (f"ISRC of source {one['position']}", one["isrc"] or "none") for one in value["sources"]
    ]
    return Told(kept.sha256, tuple(rows), tuple(codes))


def particulars_file(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """The frozen JSON of a record; staff alone get here."""
    row = RecordParticulars.objects.filter(record_id=record_id).first()
    if row is None:
        raise Http404
    answer = HttpResponse(row.text.encode(), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="particulars-{record_id}.json"'
    return answer
