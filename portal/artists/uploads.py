"""Uploads over HTTP: begin, send parts, complete, ask, cancel; and a plain form without script.

It knows requests and JSON. It refuses to know files: `generation.uploads` keeps and checks them.
Refusals are problem documents with a stable code and one sentence.
"""

import json
from typing import IO, Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from generation.uploads import operations, queries, rules
from generation.uploads.models import Upload
from generation.uploads.rules import PartsMissing, UploadRefused
from licensing.catalog.models import Recording
from portal.accounts import access

_STATUS = {"no_such_part": 404, "closed": 410, "too_large": 413}
# What to do about a refusal whose sentence says only what is so.
_ADVICE = {
    "empty": "Export it again, then choose the new file.",
    "name": "Rename it, then choose it again.",
    "too_large": "Export it as FLAC, or in shorter parts.",
}


def _problem(code: str, sentence: str, **more: Any) -> JsonResponse:
    body = {"code": code, "title": _advised(code, sentence), **more}
    answer = JsonResponse(body, status=_STATUS.get(code, 422))
    answer.headers["Content-Type"] = "application/problem+json"
    return answer


def _advised(code: str, sentence: str) -> str:
    return f"{sentence} {_ADVICE.get(code, '')}".strip()


def _found(request: HttpRequest, upload_id: UUID) -> Upload:
    """The upload, or 404 when it is missing or not of a party that the user manages."""
    rows = Upload.objects.filter(
        pk=upload_id, party__in=access.parties_of(request.user, "edit")
    ).exclude(stem__recording__state="HIDDEN")
    upload = rows.first()
    if upload is None:
        raise Http404
    return upload


def _told(upload_id: UUID) -> dict[str, Any]:
    state = queries.upload_state(upload_id)
    return {
        "upload": str(state.id),
        "stem": str(state.stem_id),
        "state": state.state,
        "name": state.client_name,
        "size": state.size_bytes,
        "received": state.received_bytes,
        "part_bytes": state.part_bytes,
        "parts": state.part_count,
        "missing": list(state.missing),
        "refusal": state.refusal,
        "part_url": reverse("artists:upload_part", args=[state.id, 0]).removesuffix("0/"),
        "complete_url": reverse("artists:upload_complete", args=[state.id]),
        "row_url": reverse("artists:stem_row", args=[state.stem_id]),
    }


def _begin(
    request: HttpRequest, recording: Recording, name: str, size: int, sha256: str = ""
) -> Upload:
    return operations.begin_upload(
        party_id=recording.party_id,
        recording_id=recording.pk,
        client_name=name,
        size_bytes=size,
        sha256=sha256,
        actor=("user", str(request.user.pk)),
        now=timezone.now(),
    )


@login_required
@require_POST
def upload_begin(request: HttpRequest, recording_id: UUID) -> JsonResponse:
    """JSON {name, size, sha256?} -> 201 with the parts to send, or a problem document."""
    recording = access.get_recording_for(request.user, recording_id, "edit")
    try:
        asked = json.loads(request.body)
        name, size = str(asked["name"]), int(asked["size"])
        sha256 = str(asked.get("sha256", ""))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return _problem("odd_request", "Send a JSON object with the file’s name and size.")
    try:
        upload = _begin(request, recording, name, size, sha256)
    except UploadRefused as refusal:
        return _problem(refusal.code, refusal.sentence)
    return JsonResponse(_told(upload.pk), status=201)


@login_required
@require_http_methods(["PUT"])
def upload_part(request: HttpRequest, upload_id: UUID, index: int) -> JsonResponse:
    """The bytes of one part; `X-Part-SHA256` is checked where given. Safe to send again."""
    upload = _found(request, upload_id)
    try:
        part = operations.put_part(
            upload_id=upload.pk,
            index=index,
            body=cast(IO[bytes], request),
            sha256=request.headers.get("X-Part-SHA256", ""),
            now=timezone.now(),
        )
    except UploadRefused as refusal:
        return _problem(refusal.code, refusal.sentence)
    return JsonResponse({"index": part.index, "sha256": part.digest})


@login_required
@require_POST
def upload_complete(request: HttpRequest, upload_id: UUID) -> JsonResponse:
    """All parts are in: 202 while the file is checked, 409 with what is missing, 422 if refused."""
    upload = _found(request, upload_id)
    try:
        done = operations.complete_upload(upload_id=upload.pk, now=timezone.now())
    except PartsMissing as gap:
        answer = _problem("parts_missing", str(gap), missing=list(gap.missing))
        answer.status_code = 409
        return answer
    if done.refusal:
        return _problem(done.refusal_code, done.refusal)
    return JsonResponse(_told(upload.pk), status=202)


@login_required
@require_GET
def upload_state(request: HttpRequest, upload_id: UUID) -> JsonResponse:
    """What has come and what is missing; where a resumed upload begins."""
    return JsonResponse(_told(_found(request, upload_id).pk))


@login_required
@require_POST
def upload_cancel(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """The artist wants this file no more."""
    upload = _found(request, upload_id)
    operations.cancel_upload(upload_id=upload.pk, now=timezone.now())
    messages.success(request, f"{upload.client_name} is not uploaded any further.")
    return redirect("artists:recording", upload.stem.recording_id)


@login_required
@require_POST
def upload_plain(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Whole files out of a form, for browsers without script: the same parts, sent by ourselves."""
    recording = access.get_recording_for(request.user, recording_id, "edit")
    for file in request.FILES.getlist("files"):
        try:
            _send_whole(request, recording, file)
        except UploadRefused as refusal:
            sentence = _advised(refusal.code, refusal.sentence)
            messages.error(request, f"{file.name}: {sentence}")
    return redirect("artists:recording", recording.pk)


def _send_whole(request: HttpRequest, recording: Recording, file: UploadedFile) -> None:
    upload = _begin(request, recording, file.name or "", file.size or 0)
    # A small file's own chunks() ignores the size asked for, so the file is read by hand.
    parts = iter(lambda: file.read(rules.PART_BYTES), b"")
    for index, part in enumerate(parts):
        operations.put_part(upload_id=upload.pk, index=index, body=part, now=timezone.now())
    operations.complete_upload(upload_id=upload.pk, now=timezone.now())
