"""The licence record of a variation or a live session in words for its listener.

It shows what the record holds and computes nothing. Invariant: the shares shown are the record's
own lines once it is sealed, and are called preliminary before that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from generation.variations.queries import Credit, VariationView
from licensing.attribution.models import LicenceRecord
from licensing.attribution.queries import LineView
from licensing.attribution.rules import CONDITIONING_ONLY, UNATTRIBUTED
from portal.audio.label import AiLabel, ai_label
from portal.audio.wording import megabytes
from portal.listeners.live_place import label_of_record

_STATES = {
    "OPEN": ("wait", "Open: it is being made, or was not finished"),
    "SEALED": ("ok", "Sealed"),
    "WITHDRAWN": ("stop", "Sealed after a permission was withdrawn"),
    "VOID": ("stop", "Ended before any sound"),
}
_SESSION_STATES = _STATES | {
    "OPEN": ("wait", "Open: it is heard, or its last minute is being closed")
}
_SO_FAR = "These shares are preliminary: they count what is stored so far."
_MINUTES_SO_FAR = "These shares are preliminary: they count the minutes closed so far."
_WAITING = ("wait", "Measured and sealed; heard once its holders have said yes")
_DECLINED = ("stop", "Measured and sealed; a holder said no, so nobody hears it")
_FALLEN = (
    "stop",
    "Sealed, and no longer played: a permission was withdrawn, put on hold or has ended",
)
_SESSION_FALLEN = ("ok", "Sealed; a permission in it has ended since")


@dataclass(frozen=True, slots=True)
class Line:
    """One source's share of the whole."""

    role: str
    label: str
    recording: str
    party: str
    share: str
    stem: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A named value that somebody else can check."""

    name: str
    value: str
    is_code: bool


@dataclass(frozen=True, slots=True)
class Outside:
    """A sound by an external net: what is said of it, and the values behind that."""

    title: str
    sentence: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A finished file and its digest."""

    word: str
    size: str
    digest: str


@dataclass(frozen=True, slots=True)
class LicencePage:
    """Everything the licence page shows."""

    subject_at: str
    title: str
    kind: str
    word: str
    shares_note: str
    label: AiLabel
    lines: tuple[Line, ...]
    total: str
    outside: tuple[Outside, ...]
    evidence: tuple[Evidence, ...]
    files: tuple[StoredFile, ...]
    remarks: tuple[str, ...]


def exact_percent(ppm: int) -> str:
    """ "19.2345 %": parts per million, exactly."""
    return f"{ppm // 10_000}.{ppm % 10_000:04} %"


def licence_page(
    view: VariationView, record: LicenceRecord, lines: Sequence[Credit], *, is_served: bool
) -> LicencePage:
    """The page of a record with its lines, largest first; `is_served`: it may be heard now."""
    fell = record.state == "SEALED" and not is_served
    kind, word = _FALLEN if fell else _STATES[record.state]
    if fell and view.asked.waits_for:
        kind, word = _WAITING
    elif fell and view.asked.declined_by:
        kind, word = _DECLINED
    is_open = record.state == "OPEN"
    return LicencePage(
        subject_at=reverse("listeners:variation", args=[view.id]),
        title=view.title,
        kind=kind,
        word=word,
        shares_note=_SO_FAR if is_open else "A play pays by these shares.",
        label=ai_label(record.model_ppm, is_planned=is_open, is_known=view.is_share_known),
        lines=tuple(
            Line(
                one.source.role,
                one.source.label,
                one.source.recording_title,
                one.source.party_name,
                exact_percent(one.ppm),
                str(one.source.stem_id),
            )
            for one in lines
        ),
        total=exact_percent(sum(one.ppm for one in lines)),
        outside=_outside(record),
        evidence=_evidence(record),
        files=tuple(
            StoredFile(one.format.upper(), megabytes(one.bytes), one.digest) for one in view.files
        ),
        remarks=view.remarks,
    )


def session_licence(
    title: str, record: LicenceRecord, lines: Sequence[LineView], *, is_served: bool
) -> LicencePage:
    """The page of a session's record: shares of all that was heard; each minute pays by its own."""
    fell = record.state == "SEALED" and not is_served
    kind, word = _SESSION_FALLEN if fell else _SESSION_STATES[record.state]
    is_open = record.state == "OPEN"
    told = [one for one in lines if one.ppm is not None]
    return LicencePage(
        subject_at=reverse("listeners:live", args=[record.subject_ref]),
        title=title,
        kind=kind,
        word=word,
        shares_note=_MINUTES_SO_FAR if is_open else "Each minute that was heard pays by its own.",
        label=label_of_record(record),
        lines=tuple(
            Line(
                one.role,
                one.label,
                one.recording_title,
                one.party_name,
                exact_percent(one.ppm or 0),
                str(one.stem_id),
            )
            for one in told
        ),
        total=exact_percent(sum(one.ppm or 0 for one in told)),
        outside=(),
        evidence=_evidence(record),
        files=(),
        remarks=(),
    )


def _outside(record: LicenceRecord) -> tuple[Outside, ...]:
    """What external nets made in it, one entry each."""
    share = exact_percent(record.unattributed_ppm)
    told = f"{share} of what is heard" if record.sealed_at else "A part that is measured at the end"
    return tuple(
        Outside(
            one.title,
            f"{told} was made by this model and is {UNATTRIBUTED}: nobody is credited for it. What "
            "it would have earned goes to the stems above, in proportion to their shares.",
            (
                Evidence("Stands as", CONDITIONING_ONLY, False),
                Evidence("Licence of its weights", one.licence, False),
                Evidence("Commercial use", "yes" if one.commercial_ok else "on conditions", False),
                Evidence("Trained on", one.training_data_note, False),
                Evidence("Asked for", f"{', '.join(one.words)}; seed {one.seed}", False),
                Evidence("Weights, SHA-256", one.version, True),
                Evidence("Its sound, SHA-256", one.digest, True),
            ),
        )
        for one in record.external_sources.all()
    )


def _evidence(record: LicenceRecord) -> tuple[Evidence, ...]:
    sealed = f"{record.sealed_at:%-d %B %Y, %H:%M} UTC" if record.sealed_at else ""
    pairs = (
        ("Record", str(record.pk), True),
        ("Opened", f"{record.opened_at:%-d %B %Y, %H:%M} UTC", False),
        ("Sealed", sealed, False),
        ("Shares measured by", record.policy, True),
        ("Recipe, SHA-256", record.recipe_sha256, True),
        ("Terms, SHA-256", record.terms_sha256, True),
        ("Table of windows, SHA-256", record.windows_sha256, True),
        ("Loudness asked", _number(record.target_lufs, "LUFS"), False),
        ("Loudness reached", _number(record.integrated_lufs, "LUFS"), False),
        ("True peak", _number(record.true_peak_dbtp, "dBTP"), False),
        ("Trim", _number(record.trim_db, "dB"), False),
        ("Keeps the song", _likeness(record), False),
    )
    return tuple(Evidence(name, value, is_code) for name, value, is_code in pairs if value)


def _likeness(record: LicenceRecord) -> str:
    """ "notes (chroma) 0.93, attacks (onsets) 0.88; 1 is like its …"; empty when not measured."""
    pairs = (
        ("notes (chroma)", record.chroma_likeness),
        ("attacks (onsets)", record.onset_likeness),
    )
    said = ", ".join(f"{name} {value:.2f}" for name, value in pairs if value is not None)
    return f"{said}; 1 is like its sources throughout" if said else ""


def _number(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.1f} {unit}".replace("-", "−")
