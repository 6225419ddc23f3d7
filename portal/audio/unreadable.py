"""A page about a variation whose recipe a newer Stemma wrote: it says so, and what to do.

While a site is updated, a worker of the new version may plan what a web server of the old one is
asked about. It knows that one exception and the words for it, no rows. Invariant: nothing is
guessed about a recipe that cannot be read; what is stored of its sound is served all the same.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from generation.recipe import UnknownSchema

CODE = "recipe_unknown"
SENTENCE = (
    "This was planned by a newer Stemma than the one that answers here: try again in a few "
    "minutes, and if it stays so, ask whoever runs this site to update its web servers."
)
RETRY_AFTER_S = 60


class Explained(MiddlewareMixin):
    """Middleware: a recipe that is not known here is a 503 with a sentence, no fault of ours."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page, in place of an UnknownSchema that a view raised."""
        if not isinstance(exception, UnknownSchema):
            return None
        answer = render(request, "503.html", {"sentence": SENTENCE}, status=503)
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
        return answer
