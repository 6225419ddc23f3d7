"""Previews on the grant page: asked for within the limits as they are written, heard, deleted.

It clears nothing itself: the worker asks the rules, which let members of parties on the sheets
preview. Invariant: whoever acts for no party of a preview gets the same 404 as for none at all; its
sound leaves the house here alone, counted nowhere and never under a name to keep it by.
"""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from generation.analysis.queries import recording_analysis
from generation.variations.models import Variation, VariationFile
from generation.variations.operations import request_variation
from generation.variations.picture import stemma_table
from generation.variations.previews import discard_preview, list_previews
from generation.variations.queries import VariationView, variation_view
from generation.variations.rules import PARTY, UNDER_WAY, Mode, State
from licensing.attribution.queries import may_serve
from licensing.catalog.models import Party, Recording
from licensing.clearance.facts import load_facts
from licensing.clearance.limits import Limits
from licensing.clearance.queries import use_asked
from licensing.clearance.rules import PREVIEW
from portal.accounts import access
from portal.accounts.models import User
from portal.artists.preview_ask import ENDS, USES, Ground, targets_at
from portal.audio.answers import stored_object
from portal.audio.label import AiLabel, ai_label
from portal.audio.objects import CONTENT_TYPES, Stored
from portal.audio.pictures import Picture, variation_picture
from portal.audio.stemma import SMALL_POINTS
from portal.audio.wording import clock

HEARD_AS = "mp3"
NOWHERE = "ZZ"
"""A preview is for no territory: ISO 3166 leaves this code to whoever uses it."""
_WORDS = {
    State.READY: ("ok", "Ready"),
    State.FAILED: ("stop", "Not made"),
    State.WITHDRAWN: ("stop", "Stopped"),
}


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A preview in the list. `percent` while it is being made, `sentence` where it was not."""

    id: UUID
    title: str
    facts: str
    label: AiLabel
    stemma: Picture | None
    kind: str
    word: str
    percent: int
    moves: bool
    can_play: bool
    sentence: str
    until: datetime | None


def preview_rows(party: Party, recording: Recording, now: datetime) -> list[PreviewRow]:
    """A party's previews of one recording, newest first."""
    rows = list_previews(party.pk).filter(request__recordings__contains=[str(recording.pk)])
    return [preview_row(one, now) for one in rows]


def preview_row(row: Variation, now: datetime) -> PreviewRow:
    """One preview as the list shows it."""
    view = variation_view(row.pk)
    under_way = view.state in UNDER_WAY
    plays = row.state == State.READY and row.record_id is not None and may_serve(row.record_id, now)
    kind, word = _WORDS.get(State(view.state), ("", "Being made"))
    return PreviewRow(
        id=view.id,
        title=view.title,
        facts=_facts(view),
        label=ai_label(view.model_ppm, is_planned=under_way, is_known=view.is_share_known),
        stemma=_stemma(view) if plays else None,
        kind=kind,
        word=word,
        percent=100 * view.pieces_done // view.pieces_of if view.pieces_of else 0,
        moves=under_way,
        can_play=plays,
        sentence="" if under_way or plays else _why(view),
        until=row.record.ends_at if row.record is not None else None,
    )


def _facts(view: VariationView) -> str:
    wished = view.targets.get("tempo_bpm")
    tempo = view.tempo_bpm or (wished if isinstance(wished, int | float) else None)
    key = view.key or view.targets.get("key")
    said = [f"{tempo:.0f} bpm" if tempo else "", str(key or "")]
    said.append("without voice" if view.targets.get("vocals") is False else "")
    said.append(clock(view.duration_ms) if view.duration_ms else "")
    return ", ".join(one for one in said if one)


def _stemma(view: VariationView) -> Picture:
    return variation_picture(view, stemma_table(view.id, SMALL_POINTS), size="small")


def _why(view: VariationView) -> str:
    if view.state == State.FAILED:
        return view.error_sentence
    return "A stem of it was deleted or put on hold, so it no longer plays."


def why_none(party: Party, stem_ids: Sequence[UUID], now: datetime) -> str:
    """The first reason why this party may not hear previews of these stems; empty when it may."""
    if not stem_ids:
        return "Previews can be made once a stem is checked."
    facts = load_facts(stem_ids, now, PREVIEW)
    me = (PARTY, str(party.pk))
    answers = [
        facts.decide(use_asked(PREVIEW, [stem_id], me, NOWHERE, settings.OWN_CHANNEL))
        for stem_id in stem_ids
    ]
    if any(one.allowed for one in answers):
        return ""
    return answers[0].reasons[0].sentence


def ask_for_preview(
    *,
    party: Party,
    recording: Recording,
    use: str,
    end: str,
    limits: Limits,
    without: Sequence[UUID],
    now: datetime,
) -> Variation:
    """A preview of the stems that are ticked for a use; raises RequestRefused, Http404."""
    if use not in USES or end not in ENDS:
        raise Http404
    known = recording_analysis(recording.pk)
    ground = Ground(known.tempo_bpm if known else None, known.key if known else None)
    return request_variation(
        requester=(PARTY, str(party.pk)),
        key=uuid.uuid4().hex,
        mode=Mode(use.lower()).value,
        targets=targets_at(use, end, limits, ground),
        recordings=[str(recording.pk)],
        seed=secrets.randbelow(2**31),
        territory=NOWHERE,
        channel=settings.OWN_CHANNEL,
        without=[str(stem_id) for stem_id in without],
        now=now,
    )


def _found(user: User | AnonymousUser, preview_id: UUID, may: access.May = "see") -> Variation:
    """The preview, or 404 unless the user acts for the party that asked for it."""
    for party in access.parties_of(user, may):
        row = list_previews(party.pk).filter(pk=preview_id).first()
        if row is not None:
            return row
    raise Http404


@login_required
@never_cache
@require_GET
def preview(request: HttpRequest, preview_id: UUID) -> HttpResponse:
    """One row, asked for again while it is being made."""
    row = preview_row(_found(request.user, preview_id), timezone.now())
    return render(request, "partials/sample_row.html", {"row": row})


@login_required
@never_cache
@require_safe
def preview_audio(request: HttpRequest, preview_id: UUID) -> HttpResponseBase:
    """The sound of a finished preview, for members of its party alone."""
    row = _found(request.user, preview_id)
    if (
        row.record_id is None
        or row.state != State.READY
        or not may_serve(row.record_id, timezone.now())
    ):
        raise Http404
    file = VariationFile.objects.filter(variation=row, format=HEARD_AS).first()
    if file is None:
        raise Http404
    stored = Stored(file.name, file.bytes, file.digest, CONTENT_TYPES[HEARD_AS])
    return stored_object(request, stored)


@login_required
@require_POST
def preview_delete(request: HttpRequest, preview_id: UUID) -> HttpResponse:
    """Delete a preview before its seven days are over."""
    row = _found(request.user, preview_id, "sign")
    discard_preview(variation_id=row.pk, actor=("user", str(request.user.pk)), now=timezone.now())
    if request.headers.get("HX-Request"):
        return HttpResponse()
    messages.success(request, "The preview is deleted.")
    return redirect("artists:grant", row.request.recordings[0])
