"""A variation's page as values: which of the states of its one place, and what stands in it.

It refuses to know requests and rows. Invariant: a page of something that may not be heard has no
play control, and every play control has its label before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from generation.recipe import SAMPLE_RATE_HZ
from generation.variations.picture import StemmaTable
from generation.variations.queries import SourceNamed, VariationView
from generation.variations.rules import FORMATS, TITLES, UNDER_WAY, Mode
from portal.audio.asked import declined_sentence, waits_sentence
from portal.audio.label import AiLabel, ai_label
from portal.audio.objects import LABELS
from portal.audio.pictures import Picture, Wave, variation_picture, wave_of
from portal.audio.playlists import PREVIEW_SAMPLES
from portal.audio.wording import clock, listed, megabytes, percent

_PREVIEW_MS = PREVIEW_SAMPLES * 1000 // SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Ended:
    """Why there is no sound: a title, the kind of message, and its sentences."""

    title: str
    kind: str
    strong: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A small fact."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Download:
    """A finished file one may save."""

    word: str
    size: str
    href: str


@dataclass(frozen=True, slots=True)
class CreditRow:
    """A source in the table of this second."""

    position: int
    role: str
    label: str
    detail: str
    party: str
    is_model: bool
    share: str
    width: str


@dataclass(frozen=True, slots=True)
class VariationPage:
    """Everything the partials of the one place show."""

    id: UUID
    partial: str
    title: str
    byline: str
    is_under_way: bool
    is_composing: bool
    is_mine: bool
    has_record: bool
    can_play: bool
    label: AiLabel
    length: int
    duration: str
    duration_s: int
    tempo: str
    key: str
    step: int
    steps: int
    progress: str
    next_place: str
    open_at: str
    report_at: str
    cancel_at: str
    licence_at: str
    ask_again: str
    preview: str
    afterwards: str
    wave: Wave | None
    stemma: Picture | None
    credits: tuple[CreditRow, ...]
    downloads: tuple[Download, ...]
    plain_audio: str
    facts: tuple[Fact, ...]
    remarks: tuple[str, ...]
    ended: Ended | None
    waits: str
    without_at: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What was asked of the house before the page is drawn."""

    is_mine: bool
    may_serve: bool
    audible: int
    stands: bool = True
    can_leave_out: bool = False


def partial_of(view: VariationView, standing: Standing) -> str:
    """Which state the place is in: rendering, playing, or ended without sound."""
    if view.state in UNDER_WAY:
        return "partials/render_progress.html"
    if view.state == "WAITING_FOR_APPROVAL" and standing.stands:
        return "partials/waiting.html"
    if view.pieces_done and standing.may_serve and view.state in ("READY", "CANCELLED"):
        return "partials/player.html"
    return "partials/ended.html"


def variation_page(
    view: VariationView,
    standing: Standing,
    *,
    table: StemmaTable,
    now_shares: Mapping[int, int],
) -> VariationPage:
    """The page of `view`; `now_shares`: source position -> ppm of the first second."""
    partial = partial_of(view, standing)
    is_playing = partial.endswith("player.html")
    under_way = view.state in UNDER_WAY
    can_play = standing.may_serve and (is_playing or (under_way and view.pieces_done > 0))
    step, steps, progress = _progress(view)
    links = _links(view, standing)
    downloads = _downloads(view, standing) if is_playing else ()
    return VariationPage(
        id=view.id,
        partial=partial,
        title=view.title,
        byline=_byline(view),
        is_under_way=under_way,
        is_composing=view.state == "COMPOSING",
        is_mine=standing.is_mine,
        has_record=view.record_id is not None,
        can_play=can_play,
        label=ai_label(view.model_ppm, is_planned=under_way, is_known=view.is_share_known),
        length=view.duration_ms * SAMPLE_RATE_HZ // 1000,
        duration=clock(view.duration_ms),
        duration_s=view.duration_ms // 1000,
        tempo=f"{view.tempo_bpm:.0f} bpm" if view.tempo_bpm else "",
        key=view.key or "",
        step=step,
        steps=steps,
        progress=progress,
        preview=_preview(view, standing) if can_play else "",
        afterwards=_afterwards(view, standing),
        wave=wave_of(table) if under_way else None,
        stemma=variation_picture(view, table) if is_playing else None,
        credits=credit_rows(table.sources, now_shares) if is_playing else (),
        downloads=downloads,
        plain_audio=next((one.href for one in downloads if one.word == LABELS["mp3"]), ""),
        facts=_facts(view),
        remarks=view.remarks,
        ended=None if is_playing or under_way else _ended(view, standing),
        waits=waits_sentence(view.asked),
        **links,
    )


def _byline(view: VariationView) -> str:
    kind = TITLES[Mode(view.mode)]
    if not view.recordings:
        return f"A {kind} out of stems that may be used where you live"
    parties = listed([one.party_name for one in view.recordings])
    titles = listed([one.title for one in view.recordings])
    article = "An" if kind[0] in "aeiou" else "A"
    return f"{article} {kind} of {titles} by {parties}"


def _progress(view: VariationView) -> tuple[int, int, str]:
    """Steps done, steps in all, and the same in words; bars where there is a grid."""
    if not view.pieces_of:
        return 0, 1, "Waiting for clearance"
    bars = len(view.bars_ms)
    if bars:
        done = bars * view.pieces_done // view.pieces_of
        return done, bars, f"Bar {done} of {bars}"
    done_ms = view.duration_ms * view.pieces_done // view.pieces_of
    words = f"{clock(done_ms)} of {clock(view.duration_ms)}"
    return done_ms // 1000, max(1, view.duration_ms // 1000), words


def _links(view: VariationView, standing: Standing) -> dict[str, str]:
    place = reverse("listeners:place", args=[view.id])
    first = view.recordings[0].id if view.recordings else None
    again = reverse("listeners:recording", args=[first]) if first else reverse("listeners:anew")
    return {
        "next_place": f"{place}?have={view.state}:{view.pieces_done}",
        "open_at": reverse("listeners:play", args=[view.id]),
        "report_at": reverse("listeners:plays"),
        "cancel_at": reverse("listeners:cancel", args=[view.id]) if standing.is_mine else "",
        "licence_at": reverse("listeners:licence", args=[view.id]),
        "ask_again": again,
        "without_at": (
            reverse("listeners:ask_without", args=[view.id])
            if standing.is_mine and standing.can_leave_out
            else ""
        ),
    }


def _is_preview(view: VariationView, standing: Standing) -> bool:
    return standing.audible < view.duration_ms * SAMPLE_RATE_HZ // 1000


def _preview(view: VariationView, standing: Standing) -> str:
    if not _is_preview(view, standing):
        return ""
    return (
        f"You hear the first {_PREVIEW_MS // 1000} seconds: no receipt of yours covers today, and "
        "without one nobody you hear would be paid."
    )


def _afterwards(view: VariationView, standing: Standing) -> str:
    if not _is_preview(view, standing):
        return ""
    return f"That was the preview of {_PREVIEW_MS // 1000} seconds."


def _downloads(view: VariationView, standing: Standing) -> tuple[Download, ...]:
    """Only one's own, and only with a receipt: what is saved is heard without counting."""
    if not standing.is_mine or _is_preview(view, standing):
        return ()
    return tuple(
        Download(
            LABELS[one.format],
            megabytes(one.bytes),
            reverse("listeners:download", args=[view.id, one.format]),
        )
        for one in sorted(view.files, key=lambda file: FORMATS.index(file.format))
    )


def credit_rows(sources: Sequence[SourceNamed], shares: Mapping[int, int]) -> tuple[CreditRow, ...]:
    """The table of one second, largest share first; `shares` in ppm by position."""
    several = len({source.recording_id for source in sources}) > 1
    rows = [
        CreditRow(
            position=source.position,
            role=source.role,
            label=source.label,
            detail=_detail(source, several),
            party=source.party_name,
            is_model=False,
            share=percent(shares.get(source.position, 0)),
            width=f"{shares.get(source.position, 0) / 10_000:.1f}",
        )
        for source in sources
    ]
    return tuple(sorted(rows, key=lambda row: (-shares.get(row.position, 0), row.position)))


def _detail(source: SourceNamed, is_one_of_several: bool) -> str:
    """Where a stem is from when there are several recordings, else its role unless that is said."""
    if is_one_of_several:
        return f"from {source.recording_title}"
    return "" if source.role in source.label.lower() else source.role


def _facts(view: VariationView) -> tuple[Fact, ...]:
    lufs = view.reached_lufs
    loudness = f"{lufs:.1f} LUFS".replace("-", "−") if lufs is not None else ""
    pairs = (
        ("Kind", TITLES[Mode(view.mode)].capitalize()),
        ("Length", clock(view.duration_ms)),
        ("Tempo", f"{view.tempo_bpm:.1f} bpm".replace(".0 ", " ") if view.tempo_bpm else "free"),
        ("Key", view.key or "not fixed"),
        ("Loudness", loudness),
        ("Seed", str(view.seed)),
    )
    return tuple(Fact(name, value) for name, value in pairs if value)


def _ended(view: VariationView, standing: Standing) -> Ended:
    if view.state == "FAILED":
        return Ended(
            "Not made",
            "stop",
            "This could not be made.",
            (view.error_sentence, "Nothing was billed."),
        )
    if view.state == "DECLINED" and standing.stands:
        return _declined(view)
    if view.state == "CANCELLED" and not view.pieces_done:
        return Ended("Stopped", "wait", "You stopped this before a bar was made.", ())
    return Ended(
        "No longer played",
        "stop",
        "A permission that this rests on was withdrawn or put on hold.",
        ("It can no longer be played or saved. Its licence and credits stay where they are.",),
    )


def _declined(view: VariationView) -> Ended:
    """Who said no, and why if it was said."""
    why = " ".join(f"“{reason}”" for reason in view.asked.reasons)
    sentences = (why, "Nobody hears it, and nothing was billed.")
    return Ended(
        "Declined", "stop", declined_sentence(view.asked), tuple(one for one in sentences if one)
    )
