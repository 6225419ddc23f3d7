"""Stems on pages: their rows while they come in and after, corrections, sound, deletion."""

from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST, require_safe

from generation.analysis.operations import correct_stem
from generation.analysis.queries import recording_analysis, stem_analyses
from generation.analysis.values import StemAnalysis
from generation.uploads import queries as uploads
from generation.uploads.queries import StemProgress
from licensing.catalog.models import Recording, Stem
from licensing.catalog.operations import describe_stem
from licensing.catalog.store import audio_store
from portal.accounts import access
from portal.artists.forms import CorrectionForm, correction_prefix
from portal.artists.pictures import wave_path
from portal.artists.states import RowState, stem_state
from portal.artists.words import tempo
from portal.audio.answers import stored_object
from portal.audio.objects import CONTENT_TYPES, Stored

NAV = {"here": "recordings", "nav_main": "partials/nav_artist.html"}


@dataclass(frozen=True, slots=True)
class StemRow:
    """One stem as its row shows it. `percent` is of the upload; `form` once there is a guess."""

    stem: Stem
    state: RowState
    upload_id: UUID | None
    client_name: str
    size_bytes: int
    percent: int
    wave: str
    form: CorrectionForm | None

    @property
    def role(self) -> str:
        """The role that gives the row its colour."""
        guess = str(self.form.initial["role"]) if self.form else ""
        return self.stem.role or guess or "other"

    @property
    def has_sound(self) -> bool:
        """Whether there is something to play."""
        return self.stem.state == "READY"


def stem_rows(recording: Recording, only: UUID | None = None) -> list[StemRow]:
    """The rows of a recording's stems, or of one of them."""
    progress = [
        one
        for one in uploads.recording_progress(recording.pk)
        if only in (None, one.stem.pk) and not _was_cancelled(one)
    ]
    song = recording_analysis(recording.pk)
    song_key = song.key if song else None
    analyses = stem_analyses(one.stem.pk for one in progress)
    return [_row(one, analyses.get(one.stem.pk), song_key) for one in progress]


def _was_cancelled(one: StemProgress) -> bool:
    return one.stem.state == "REFUSED" and one.refusal == "The upload was cancelled."


def _row(one: StemProgress, analysis: StemAnalysis | None, song_key: str | None) -> StemRow:
    stem = one.stem
    state = stem_state(
        stem.state,
        refusal=one.refusal,
        notes=stem.audio.notes if stem.audio else (),
        analysis=analysis,
        song_key=song_key,
    )
    return StemRow(
        stem=stem,
        state=state,
        upload_id=one.upload_id if one.step == uploads.UPLOADING else None,
        client_name=stem.client_name,
        size_bytes=one.size_bytes,
        percent=one.received_bytes * 100 // one.size_bytes if one.size_bytes else 0,
        wave=wave_path(analysis.peaks) if analysis else "",
        form=correction_form(stem, analysis) if analysis else None,
    )


def correction_form(stem: Stem, analysis: StemAnalysis) -> CorrectionForm:
    """The fields in which an artist corrects what was guessed."""
    shown = tempo(analysis.tempo_bpm)
    return CorrectionForm(
        prefix=correction_prefix(stem.pk),
        initial={
            "tempo": Decimal(shown) if shown else None,
            "key": analysis.key or "",
            "role": analysis.role,
        },
    )


@login_required
@require_POST
def corrections(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Keep what the artist corrected; one form for all stems of a recording."""
    recording = access.get_recording_for(request.user, recording_id, "edit")
    rows = stem_rows(recording)
    forms = {row.stem.pk: _bound(row, request) for row in rows if row.form is not None}
    if not all(form.is_valid() for form in forms.values()):
        messages.error(request, "One correction cannot be kept; it says why at its field.")
        shown = [replace(row, form=forms.get(row.stem.pk)) for row in rows]
        return render(
            request,
            "artists/corrections.html",
            {"recording": recording, "rows": shown, "may_edit": True, "can_correct": True, **NAV},
        )
    changed = [row for row in rows if row.stem.pk in forms and forms[row.stem.pk].has_changed()]
    for row in changed:
        _keep(row.stem, forms[row.stem.pk], request)
    messages.success(
        request,
        f"{len(changed)} stem{'' if len(changed) == 1 else 's'} corrected."
        if changed
        else "Nothing was changed.",
    )
    return redirect("artists:recording", recording.pk)


def _bound(row: StemRow, request: HttpRequest) -> CorrectionForm:
    assert row.form is not None
    return CorrectionForm(request.POST, prefix=row.form.prefix, initial=row.form.initial)


@transaction.atomic
def _keep(stem: Stem, form: CorrectionForm, request: HttpRequest) -> None:
    """One correction per field that was changed; the role also stands on the stem itself."""
    facts, now, ref = form.cleaned_data, timezone.now(), str(request.user.pk)
    given = {
        "tempo": ("tempo_bpm", float(facts["tempo"]) if facts["tempo"] else None),
        "key": ("key", facts["key"] or None),
        "role": ("role", facts["role"]),
    }
    for name in form.changed_data:
        field, value = given[name]
        correct_stem(stem_id=stem.pk, field=field, value=value, made_by=ref, now=now)
    if "role" in form.changed_data:
        describe_stem(stem_id=stem.pk, role=facts["role"], actor=("user", ref), now=now)


@login_required
@require_GET
def stem_row(request: HttpRequest, stem_id: UUID) -> HttpResponse:
    """One row, asked for again while it moves."""
    stem = access.get_stem_for(request.user, stem_id)
    rows = stem_rows(stem.recording, stem.pk)
    if not rows:
        raise Http404
    may_edit = access.parties_of(request.user, "edit").filter(pk=stem.party_id).exists()
    answer = render(request, "partials/stem_row.html", {"row": rows[0], "may_edit": may_edit})
    if not rows[0].state.moves:
        answer.headers["HX-Trigger"] = "stems-changed"
    return answer


@login_required
@require_safe
def stem_audio(request: HttpRequest, stem_id: UUID) -> HttpResponseBase:
    """A stem's archived sound, for members of the party that brought it alone."""
    stem = access.get_stem_for(request.user, stem_id)
    if stem.audio is None or stem.state != "READY" or stem.audio.removed_at is not None:
        raise Http404
    name, digest = stem.audio.archive_name, stem.audio.digest
    size = audio_store().size(name)
    return stored_object(request, Stored(name, size, digest, CONTENT_TYPES["flac"]))
