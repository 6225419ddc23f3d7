"""Errors as problem documents (RFC 9457) with stable codes and a sentence that says what to do."""

from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from generation.recipe import UnknownSchema
from portal.audio import unreadable

MEDIA_TYPE = "application/problem+json"


class Problem(exceptions.APIException):
    """An answer of 400 or more: status, code, one sentence, and members of its own."""

    def __init__(self, status_code: int, code: str, detail: str, **members: Any) -> None:
        super().__init__(detail, code)
        self.status_code = status_code
        self.code = code
        self.members = members


def document(status_code: int, code: str, detail: str, **members: Any) -> dict[str, Any]:
    """The members of a problem document; `type` is a stable name, no address to open."""
    title = HTTPStatus(status_code).phrase
    fixed = {"type": f"urn:stemma:problem:{code}", "title": title, "status": status_code}
    return fixed | {"code": code, "detail": detail} | members


def problem_response(problem: Problem) -> Response:
    """A problem as a response."""
    body = document(problem.status_code, problem.code, str(problem.detail), **problem.members)
    return Response(body, status=problem.status_code, content_type=MEDIA_TYPE)


def _pointers(detail: Any, at: str = "") -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [row for key, value in detail.items() for row in _pointers(value, f"{at}/{key}")]
    if isinstance(detail, list) and detail and isinstance(detail[0], dict | list):
        pairs = enumerate(detail)
        return [row for number, value in pairs for row in _pointers(value, f"{at}/{number}")]
    messages = detail if isinstance(detail, list) else [detail]
    return [
        {"pointer": f"#{at}", "detail": str(message), "code": getattr(message, "code", "invalid")}
        for message in messages
    ]


def _of_exception(error: Exception) -> Problem | None:
    if isinstance(error, Problem):
        return error
    if isinstance(error, UnknownSchema):
        return Problem(503, unreadable.CODE, unreadable.SENTENCE)
    if isinstance(error, Http404 | exceptions.NotFound):
        return Problem(404, "not_found", "There is nothing here that this client may see.")
    if isinstance(error, exceptions.ValidationError):
        rows = _pointers(error.detail)
        sentence = "Some fields cannot be used; `errors` says which, and what each may be."
        return Problem(422, "bad_request_body", sentence, errors=rows)
    if isinstance(error, exceptions.APIException):
        codes = error.get_codes()
        code = codes if isinstance(codes, str) else "error"
        return Problem(error.status_code, code, str(error.detail))
    return None


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every error of ours is a problem document."""
    problem = _of_exception(error)
    if problem is None:
        return None
    response = problem_response(problem)
    view = context.get("view")
    if problem.status_code == status.HTTP_401_UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="stemma"'
    if isinstance(error, UnknownSchema):
        response["Retry-After"] = str(unreadable.RETRY_AFTER_S)
    wait = getattr(error, "wait", None)
    if wait is not None and view is not None:
        response["Retry-After"] = str(max(1, round(wait)))
    return response


def checked(serializer: Serializer[Any]) -> dict[str, Any]:
    """The validated data of `serializer`; raises a ValidationError that becomes a 422."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def no_such_page(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The site's 404: a page, and under /api/ a problem document."""
    if not _is_for_machines(request):
        return defaults.page_not_found(request, exception)
    sentence = "There is nothing at this address; /api/v1/openapi.json names all there are."
    return _plain(404, "not_found", sentence)


def broken(request: HttpRequest) -> HttpResponse:
    """The site's 500: a page, and under /api/ a problem document."""
    if not _is_for_machines(request):
        return defaults.server_error(request)
    sentence = "Something here broke and was written down; try again in a minute."
    return _plain(500, "internal", sentence)


def _is_for_machines(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _plain(status_code: int, code: str, sentence: str) -> HttpResponse:
    body = document(status_code, code, sentence)
    return JsonResponse(body, status=status_code, content_type=MEDIA_TYPE)
