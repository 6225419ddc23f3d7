"""Middleware that stands behind all others, so that they run in one thread, one after the other.

Django's own are written for one thread: before an asynchronous view each of them is sent to a
thread and waited for, once on the way in and once on the way out, which took longer than what they
do. What knows no coroutine and stands last makes Django call those before it directly. It knows
nothing of requests.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class InOneThread:
    """The last of the middleware; see above."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer as it is."""
        return self.get_response(request)
