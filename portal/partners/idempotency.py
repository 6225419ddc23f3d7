"""A repeated call gives the first answer again: `Idempotency-Key` on every call that creates.

Missing: 400. Still running: 409. Same key, other request: 422. An answer is kept from the moment
the call begins its work; a request that fails its checks keeps nothing, so it may be corrected. A
call that never came to an answer (its process died) is forgotten after a minute: the operations
below are safe to repeat.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from portal.partners.access import caller_of
from portal.partners.models import KeptAnswer
from portal.partners.problems import MEDIA_TYPE, Problem, problem_response
from portal.partners.rules import KEPT_FOR_S, read_key, request_digest

LOST_AFTER_S = 60
TOO_MANY = 429
KEPT_HEADERS = ("Location", "Retry-After")


def key_of(request: Request) -> str:
    """The call's key; raises a 400 problem when it is missing or unusable."""
    key = read_key(request.headers.get("Idempotency-Key", ""))
    if key is None:
        raise Problem(
            400, "idempotency_key_missing", "Send an Idempotency-Key of 1 to 255 characters."
        )
    return key


def _begin(request: Request, now: datetime) -> KeptAnswer | Response:
    client = caller_of(request).client
    mine = KeptAnswer.objects.filter(client=client)
    mine.filter(created_at__lt=now - timedelta(seconds=KEPT_FOR_S)).delete()
    mine.filter(status=None, created_at__lt=now - timedelta(seconds=LOST_AFTER_S)).delete()
    key, digest = key_of(request), request_digest(request.method or "", request.path, request.data)
    try:
        with transaction.atomic():
            return KeptAnswer.objects.create(
                client=client, key=key, request_sha256=digest, created_at=now
            )
    except IntegrityError:
        kept = KeptAnswer.objects.get(client=client, key=key)
    if kept.request_sha256 != digest:
        raise Problem(422, "idempotency_key_reused", "This key stood for another request.")
    if kept.status is None:
        raise Problem(409, "still_running", "The first call with this key is still running.")
    kind = MEDIA_TYPE if kept.status >= 400 else None
    again = Response(kept.body, status=kept.status, content_type=kind)
    for name, value in (kept.headers | {"Idempotent-Replayed": "true"}).items():
        again[name] = value
    return again


def once(request: Request, now: datetime, work: Callable[[str], Response]) -> Response:
    """`work(key)`'s answer, or the one kept from the first call under the same key.

    `work` raises Problem for a refusal that is an answer (kept), anything else forgets the key; so
    does a refusal that says to wait, or the same call would never be taken.
    """
    begun = _begin(request, now)
    if isinstance(begun, Response):
        return begun
    try:
        answer = work(begun.key)
    except Problem as problem:
        if problem.status_code == TOO_MANY:
            begun.delete()
            raise
        answer = problem_response(problem)
    except BaseException:
        begun.delete()
        raise
    _keep(begun, answer)
    return answer


def _keep(begun: KeptAnswer, answer: Response) -> None:
    headers: dict[str, Any] = {
        name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers
    }
    begun.status, begun.body, begun.headers = answer.status_code, answer.data, headers
    begun.save(update_fields=["status", "body", "headers"])
