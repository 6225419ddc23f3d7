"""An address that only takes what a form sends, opened as a page: it says what to do.

That happens when a log-in came in between: afterwards the browser asks for the address it was on
the way to, and what the form held is gone. It knows methods, no views.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin


class SaidAgain(MiddlewareMixin):
    """Middleware: an empty 405 to somebody who only wants to read becomes a page of words."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """The page in place of nothing; the status and its Allow header stay."""
        if request.method == "GET" and isinstance(response, HttpResponseNotAllowed):
            response.content = render_to_string("405.html", request=request)
        return response
