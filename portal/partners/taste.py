"""The taste of a partner's listeners: read in words, moved, switched off, taken away, erased.

A listener is named by the partner's own reference. Invariants: a partner reaches the taste of its
own listeners alone; another partner's listener of the same name is somebody else, of whom nothing
is shown; reading about somebody keeps nothing of them.
"""

from typing import Any, ClassVar

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from generation.taste import operations
from generation.taste.playing import let_plays_teach
from generation.taste.queries import Listener, export_taste, taste_view
from generation.taste.queries import TasteView as Believed
from generation.variations.heard import heard
from portal.audio.reach import customer_of, variation_for
from portal.partners import taste_shapes as shapes
from portal.partners.access import caller_of
from portal.partners.endpoint import Endpoint
from portal.partners.problems import Problem, checked

SCOPE = "taste:write"
CUSTOMER = OpenApiParameter(
    "customer",
    str,
    required=True,
    description="Your own reference of who listens, at most 60 characters.",
)
_CUSTOMER_MOST = 60


def _customer(request: Request) -> str:
    """Who is meant; raises a problem where nobody is."""
    name = request.query_params.get("customer", "")
    if not 0 < len(name) <= _CUSTOMER_MOST or "\0" in name:
        sentence = f"Say which customer, by your own reference of 1 to {_CUSTOMER_MOST} characters."
        raise Problem(422, "no_customer", sentence)
    return name


def _listener(request: Request, customer: str) -> Listener:
    return customer_of(caller_of(request).requester, customer)


def _shown(customer: str, view: Believed) -> dict[str, Any]:
    return {
        "customer": customer,
        "is_on": view.is_on,
        "learns_plays": view.learns_plays,
        "said": view.said,
        "plays": view.plays,
        "decisions": view.decisions,
        "leanings": [
            {
                "attribute": one.attribute,
                "name": one.name,
                "ends": list(one.ends),
                "sentence": one.sentence,
                "best": round(one.best, 4),
                "low": round(one.low, 4),
                "high": round(one.high, 4),
            }
            for one in view.leanings
        ],
    }


class TasteView(Endpoint):
    """GET, PATCH and DELETE /api/v1/taste?customer=."""

    scopes: ClassVar[dict[str, str]] = dict.fromkeys(("GET", "PATCH", "DELETE"), SCOPE)

    @extend_schema(operation_id="get_taste", parameters=[CUSTOMER], responses=shapes.TasteShown)
    def get(self, request: Request) -> Response:
        """What is believed of this listener, attribute by attribute, in words and in numbers.

        Of somebody of whom nothing is known it is what everybody begins with.
        """
        customer = _customer(request)
        return Response(_shown(customer, taste_view(_listener(request, customer))))

    @extend_schema(
        operation_id="move_taste",
        parameters=[CUSTOMER],
        request=shapes.TasteMoved,
        responses=shapes.TasteShown,
    )
    def patch(self, request: Request) -> Response:
        """Switch it on or off, let plays teach it or not, set where something is best.

        Switched off, nothing is learned and nothing chosen; what was learned stays until erased.
        """
        customer = _customer(request)
        listener, now = _listener(request, customer), timezone.now()
        asked = checked(shapes.TasteMoved(data=request.data))
        if "is_on" in asked:
            operations.switch_taste(listener=listener, is_on=asked["is_on"], now=now)
        if "learns_plays" in asked:
            let_plays_teach(listener=listener, agrees=asked["learns_plays"], now=now)
        ideals = asked.get("ideals")
        if ideals and not operations.set_belief(listener=listener, ideals=ideals, now=now):
            raise Problem(409, "taste_is_off", "Taste is switched off for this listener.")
        return Response(_shown(customer, taste_view(listener)))

    @extend_schema(
        operation_id="erase_taste", parameters=[CUSTOMER], request=None, responses={204: None}
    )
    def delete(self, request: Request) -> Response:
        """Erase everything that is kept of this listener's taste; it cannot be brought back.

        They begin anew, with taste switched on. Repeating this changes nothing.
        """
        listener = _listener(request, _customer(request))
        operations.erase_taste(listener=listener, now=timezone.now())
        return Response(status=204)


class WordsView(Endpoint):
    """PUT /api/v1/taste/words."""

    scopes: ClassVar[dict[str, str]] = {"PUT": SCOPE}

    @extend_schema(
        operation_id="say_of_variation", request=shapes.WordSaid, responses=shapes.WordTaken
    )
    def put(self, request: Request) -> Response:
        """Like, not for me, more or less of something: one word each, in the place of the last."""
        asked = checked(shapes.WordSaid(data=request.data))
        listener = _listener(request, asked["customer"])
        if variation_for(listener, asked["variation"]) is None:
            raise Http404
        said: dict[str, Any] = {
            "listener": listener,
            "heard": heard(asked["variation"], listener),
            "said": asked["said"],
            "now": timezone.now(),
        }
        if asked["attribute"]:
            taken = operations.critique(attribute=asked["attribute"], **said)
        else:
            taken = operations.record_feedback(**said)
        return Response({"taken": taken})


class ExportView(Endpoint):
    """GET /api/v1/taste/export?customer=."""

    scopes: ClassVar[dict[str, str]] = {"GET": SCOPE}

    @extend_schema(
        operation_id="export_taste", parameters=[CUSTOMER], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request) -> Response:
        """Everything that is kept of this listener's taste, for them to take away."""
        return Response(export_taste(_listener(request, _customer(request))))
