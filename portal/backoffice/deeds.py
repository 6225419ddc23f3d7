"""What a rights administrator may do: each deed is one operation of a room below, with a reason.

The reason is typed on a page that says what will happen; it goes into the record. Nothing else in
the backoffice writes.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action

from generation.serving.rules import RoutingRefused
from generation.variations.audits import AuditRefused
from licensing.attribution.models import LicenceRecord
from licensing.catalog.models import Recording, Stem
from licensing.catalog.operations import resolve_review
from licensing.catalog.rules import CatalogRefused
from licensing.clearance.models import Hold
from licensing.clearance.operations import ClearanceRefused, place_hold, release_hold
from licensing.compliance.rules import ComplianceRefused
from licensing.deductions.rules.refusals import DeductionRefused
from licensing.invoicing.rules import InvoiceRefused
from licensing.ledger.rules import LedgerError
from licensing.payouts.rules.states import PayoutRefused
from licensing.receipts.rules import ReceiptRefused
from licensing.receipts.terms_rules import TermsRefused
from licensing.releases.rules import ReleaseRefused
from licensing.royalties.closing import CloseRefused
from licensing.royalties.deciding import DecisionRefused
from licensing.stripe_gateway import GatewayError


class DeedRefused(Exception):
    """What the desk itself cannot do; `code` is stable, the message is for a person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


# What the rooms below raise when a deed cannot be; each carries one sentence for a person.
REFUSALS = (
    *(CatalogRefused, ClearanceRefused, CloseRefused),
    *(ReceiptRefused, DeductionRefused, PayoutRefused, ReleaseRefused),
    *(DecisionRefused, LedgerError, RoutingRefused, InvoiceRefused, GatewayError, AuditRefused),
    *(TermsRefused, DeedRefused, ComplianceRefused),
)
_HELD: dict[str, Any] = {"STEM": Stem, "RECORDING": Recording, "RECORD": LicenceRecord}


class ReasonForm(forms.Form):
    """The one sentence every deed asks for."""

    reason = forms.CharField(
        max_length=300,
        label="Reason, goes into the record",
        error_messages={"required": "Write the reason: it goes into the record."},
    )


class PlaceHoldForm(ReasonForm):
    """What is to be held, and why."""

    target_kind = forms.ChoiceField(choices=Hold.TargetKind.choices, label="What")
    target_ref = forms.UUIDField(label="Its id", error_messages={"invalid": "Write its id."})
    field_order = ("target_kind", "target_ref", "reason")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        model = _HELD.get(data.get("target_kind", ""))
        ref = data.get("target_ref")
        if model is not None and ref is not None and not model.objects.filter(pk=ref).exists():
            self.add_error("target_ref", "Nothing of this kind has this id.")
        return data


def staff_actor(request: HttpRequest) -> tuple[str, str]:
    """How the log names the person at the desk."""
    return ("user", str(request.user.pk))


def ask_and_do(
    request: HttpRequest,
    *,
    title: str,
    consequence: str,
    form_class: Callable[[QueryDict | None], forms.Form],
    do: Callable[[dict[str, Any]], str],
    back: str,
    key: str = "",
    table: Any = None,
) -> HttpResponse:
    """A page that says what will happen and asks; on a good answer `do` it and go `back`.

    `do` returns the sentence that is shown afterwards; a refusal of the room below becomes an error
    on the form. `key`: the deed as its key says it, where that is not the title. `table`: a
    rehearsing.Table of what it is about.
    """
    form = form_class(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_multipart():
        form.files = request.FILES
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, do(form.cleaned_data))
        except REFUSALS as error:
            form.add_error(None, str(error))
        else:
            return HttpResponseRedirect(back)
    context = {
        "title": title,
        "consequence": consequence,
        "form": form,
        "back": back,
        "key": key or title,
        "table": table,
    }
    return render(request, "backoffice/deed.html", context)


def list_of(name: str) -> str:
    """The address of a model's list, like "catalog_stem"."""
    return reverse(f"admin:{name}_changelist")


class ReviewDeeds:
    """The two answers to equal audio of two parties."""

    actions_detail: tuple[str, ...] = ("accept_stem", "refuse_stem")
    deeds_while: ClassVar[Mapping[str, object]] = {"state": Stem.State.REVIEW}

    @action(description="Accept this stem", url_path="accept", permissions=["decide_rights"])
    def accept_stem(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._resolve(request, object_id, accept=True)

    @action(description="Refuse this stem", url_path="refuse", permissions=["decide_rights"])
    def refuse_stem(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._resolve(request, object_id, accept=False)

    def _resolve(self, request: HttpRequest, stem_id: str, accept: bool) -> HttpResponse:
        stem = get_object_or_404(Stem.objects.select_related("party"), pk=stem_id)
        answer = "accepted" if accept else "refused"

        def do(data: dict[str, Any]) -> str:
            resolve_review(
                stem_id=stem.id,
                accept=accept,
                actor=staff_actor(request),
                now=timezone.now(),
                sentence=data["reason"],
            )
            return f"“{stem.label}” is {answer}."

        return ask_and_do(
            request,
            title=f"Stem “{stem.label}” of {stem.party.name}",
            consequence=f"The stem will be {answer}; the party that brought it sees that.",
            form_class=ReasonForm,
            do=do,
            back=list_of("catalog_stem"),
            key="Accept this stem" if accept else "Refuse this stem",
        )


class HoldDeeds:
    """Placing a hold, and releasing one."""

    actions_list = ("place",)
    actions_detail = ("release",)
    deeds_while: ClassVar[Mapping[str, object]] = {"released_at": None}

    @action(description="Place a hold", url_path="place", permissions=["decide_rights"])
    def place(self, request: HttpRequest) -> HttpResponse:
        def do(data: dict[str, Any]) -> str:
            place_hold(
                target_kind=data["target_kind"],
                target_ref=data["target_ref"],
                reason=data["reason"],
                actor=staff_actor(request),
                now=timezone.now(),
            )
            return "The hold is in force: nothing that rests on this is served from now on."

        return ask_and_do(
            request,
            title="Place a hold",
            consequence="Nothing that rests on it is served or cleared until it is released.",
            form_class=lambda data: PlaceHoldForm(data, initial=request.GET.dict()),
            do=do,
            back=list_of("clearance_hold"),
        )

    @action(description="Release this hold", url_path="release", permissions=["decide_rights"])
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        hold = get_object_or_404(Hold, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            release_hold(hold_id=hold.id, actor=staff_actor(request), now=timezone.now())
            return "The hold is released."

        return ask_and_do(
            request,
            title="Release this hold",
            consequence=f"It was placed because: {hold.reason}. What it blocked plays again.",
            form_class=forms.Form,
            do=do,
            back=list_of("clearance_hold"),
        )
