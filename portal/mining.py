"""Nothing here may train a model or be mined: said to machines, in the ways that machines read.

Artists permit training stem by stem, and nobody may take it from a page. It knows no rows. Sources:
Directive (EU) 2019/790, Article 4(3) (a reservation that machines can read); TDM Reservation
Protocol, W3C community report of 2024 (headers and /.well-known/tdmrep.json); IETF drafts
aipref-attach and aipref-vocab (`Content-Usage`). Invariant: every answer of the web process, audio
included, carries the reservation.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import sync_and_async_middleware
from django.views.decorators.http import require_safe

Answered = HttpResponse | Awaitable[HttpResponse]

RESERVED = {"Content-Usage": "train-ai=n", "TDM-Reservation": "1"}
_ROBOTS = """User-agent: *
Content-Usage: train-ai=n
Disallow: /account/
Disallow: /admin/
Disallow: /api/
"""


@sync_and_async_middleware
def reserve(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Answered]:
    """Middleware: the reservation stands on every answer."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponse:
            return _reserved(await get_response(request))

        return later

    def middleware(request: HttpRequest) -> HttpResponse:
        return _reserved(get_response(request))

    return middleware


def _reserved(response: HttpResponse) -> HttpResponse:
    for name, value in RESERVED.items():
        response.headers[name] = value
    return response


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """/robots.txt: found by search, not to be trained on."""
    return HttpResponse(_ROBOTS, content_type="text/plain; charset=utf-8")


@require_safe
def tdmrep(request: HttpRequest) -> JsonResponse:
    """/.well-known/tdmrep.json: the rights to mine are reserved for every address."""
    return JsonResponse([{"location": "/", "tdm-reservation": 1}], safe=False)
