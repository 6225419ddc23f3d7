"""The two deeds at the desk of nets: share a net out among its versions, and roll it back.

Each is a page that says what will happen and asks for the reason, then one operation of serving.
Whoever may not route nets finds no such page.
"""

from functools import partial
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from generation.serving.consents import servable_choices
from generation.serving.operations import roll_back_net, route_net
from generation.serving.queries import route_of
from generation.serving.released import NETS
from generation.serving.rules import shares_of
from portal.backoffice.deeds import ReasonForm, ask_and_do, staff_actor
from portal.backoffice.nets import MAY_ROUTE, earlier_routes, in_words, names_of

_STAYS = (
    "Plans made from now on are written so; what is planned already keeps its notes. Nobody is "
    "moved to another version unless a share asks for it."
)


class SharesForm(ReasonForm):
    """A share for every sound version of a net, in percent; what serves now stands in it."""

    def __init__(self, net: str, data: Any = None) -> None:
        super().__init__(data)
        shares = shares_of(route_of(net))
        self.digests = tuple(reversed(servable_choices(net)))
        names = names_of(net)
        for place, digest in enumerate(self.digests):
            self.fields[f"share_{place}"] = forms.DecimalField(
                label=f"{names[digest].capitalize()}, share in percent",
                min_value=0,
                max_value=100,
                decimal_places=1,
                initial=shares.get(digest, 0) / 10,
                error_messages={"required": "Write a share; 0 where it serves nobody."},
            )
        self.order_fields([*(f"share_{place}" for place in range(len(names))), "reason"])

    def shares(self) -> dict[str, int]:
        """Per mille by digest, of a form that was filled in well."""
        return {
            digest: int(10 * self.cleaned_data[f"share_{place}"])
            for place, digest in enumerate(self.digests)
        }


class RollBackForm(ReasonForm):
    """Which earlier route; the last one that differs from what serves stands first."""

    def __init__(self, earlier: list[tuple[int, str]], data: Any = None) -> None:
        super().__init__(data)
        self.fields["to"] = forms.TypedChoiceField(
            label="Serve again", choices=earlier, coerce=int, initial=earlier[0][0]
        )
        self.order_fields(["to", "reason"])


def set_shares(request: HttpRequest, net: str) -> HttpResponse:
    """Share a net out among its versions: a canary, or all to one."""
    _check_may_route(request, net)
    form = SharesForm(net, request.POST if request.method == "POST" else None)

    def do(data: dict[str, Any]) -> str:
        row = route_net(
            net=net,
            shares=form.shares(),
            reason=data["reason"],
            actor=staff_actor(request),
            now=timezone.now(),
        )
        return f"The {net} net is served by {in_words(net, row.route)}."

    return ask_and_do(
        request,
        title=f"Set the shares of the {net} net",
        consequence=f"Now: {in_words(net, route_of(net))}. {_STAYS}",
        form_class=lambda _: form,
        do=do,
        back=reverse("admin:nets"),
    )


def roll_back(request: HttpRequest, net: str) -> HttpResponse:
    """Lay an earlier route of a net again."""
    _check_may_route(request, net)
    earlier = earlier_routes(net)
    if not earlier:
        raise Http404

    def do(data: dict[str, Any]) -> str:
        row = roll_back_net(
            net=net,
            to=data["to"],
            reason=data["reason"],
            actor=staff_actor(request),
            now=timezone.now(),
        )
        return f"The {net} net is served by {in_words(net, row.route)} again."

    return ask_and_do(
        request,
        title=f"Roll back the {net} net",
        consequence=f"Now: {in_words(net, route_of(net))}. {_STAYS}",
        form_class=partial(RollBackForm, earlier),
        do=do,
        back=reverse("admin:nets"),
    )


def _check_may_route(request: HttpRequest, net: str) -> None:
    if net not in NETS or not request.user.has_perm(MAY_ROUTE):
        raise Http404
