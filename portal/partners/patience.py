"""Long polling for partner views: wait for news with `wait_s`, then answer as ever.

It refuses to know what is news. Invariants: nobody waits who has no good bearer token; while a call
waits it holds neither a thread nor a database connection, and it counts as one call.
"""

from abc import ABC, abstractmethod
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.audio.waiting import first_answer
from portal.partners.access import BearerAuthentication
from portal.partners.endpoint import Endpoint

MOST_S = 8


class Patient(Endpoint, ABC):
    """An endpoint of one subject, the first id in its address, that can wait."""

    @abstractmethod
    def news(self, request: HttpRequest, caller: tuple[str, str], kwargs: Any) -> bool:
        """Whether there is something to answer for `caller` that they do not know yet."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """The framework's view, made asynchronous: it waits first where the call asks for it."""
        answer = super().as_view(**initkwargs)

        async def view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            seconds = _seconds(request)
            if seconds:
                asker = cls()

                def ask() -> bool:
                    caller = _caller(request)
                    return caller is None or asker.news(request, caller, kwargs)

                await first_answer(str(next(iter(kwargs.values()))), ask, bool, seconds)
            return cast(HttpResponseBase, await sync_to_async(answer)(request, **kwargs))

        view.__doc__ = answer.__doc__
        return csrf_exempt(_like(view, answer))


def _like(view: Any, answer: Any) -> Any:
    """`view` with what the framework says of a view, so that the API's description finds it."""
    for name in ("cls", "initkwargs", "view_class", "view_initkwargs"):
        if hasattr(answer, name):
            setattr(view, name, getattr(answer, name))
    return view


def _seconds(request: HttpRequest) -> float:
    text = request.GET.get("wait_s", "")
    return float(min(MOST_S, int(text))) if text.isdecimal() and len(text) < 4 else 0.0


def _caller(request: HttpRequest) -> tuple[str, str] | None:
    try:
        found = BearerAuthentication().authenticate(Request(request))
    except AuthenticationFailed:
        return None
    return found[0].requester if found is not None else None
