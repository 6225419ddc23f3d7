"""Deeds that begin on the page of what they are about: nobody carries an id from page to page.

The deed itself, its form and its permission stand on the page that it leads to.
"""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action

from licensing.clearance.models import Hold

HOLD, DISPUTE = "hold", "dispute"


class BeginsHere:
    """A hold, and where somebody may claim a share of it a dispute, begun for this very row.

    `held_as`: what a hold calls such a row. `disputed_as`: what the form of a dispute calls it.
    """

    held_as: Hold.TargetKind
    disputed_as: str = ""

    @action(description="Place a hold on it", url_path=HOLD, permissions=["decide_rights"])
    def begin_hold(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the form of a hold."""
        given = {"target_kind": self.held_as.value, "target_ref": object_id}
        return HttpResponseRedirect(f"{_deed('clearance_hold_place')}?{urlencode(given)}")

    @action(description="Open a dispute about it", url_path=DISPUTE, permissions=["decide"])
    def begin_dispute(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the form of a dispute."""
        given = {self.disputed_as: object_id}
        return HttpResponseRedirect(f"{_deed('deductions_dispute_open')}?{urlencode(given)}")

    def can_be_done(self, row: Any, deed: str) -> bool:
        """Both begin whatever the row is."""
        return deed in {HOLD, DISPUTE} or super().can_be_done(row, deed)  # type: ignore[misc]


def _deed(name: str) -> str:
    return reverse(f"admin:{name}")
