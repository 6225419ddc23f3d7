"""What somebody who is logged in was shown is kept by no cache, not even their own browser's.

It knows the session cookie and headers, no users. Invariant: an answer to a request with a session
says in Cache-Control what may be kept; a page that says nothing itself may not be kept at all.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

Answered = HttpResponse | Awaitable[HttpResponse]


@sync_and_async_middleware
def keep_private(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Answered]:
    """Middleware: pages of a session are not stored, unless their view says otherwise."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponse:
            return _kept(request, await get_response(request))

        return later

    def middleware(request: HttpRequest) -> HttpResponse:
        return _kept(request, get_response(request))

    return middleware


def _kept(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response
