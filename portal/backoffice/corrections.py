"""The desk's deeds about closed months: correct lines of a statement, restate it; under four eyes.

One person proposes at the statement and sees what it will post; another, with a second factor, sees
the same and carries it out. A closed month is never opened.
"""

from functools import partial
from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.corrections.adjusting import adjust_lines
from licensing.corrections.models import (
    AdjustedLine,
    Adjustment,
    Proposal,
    ProposedLine,
    Reversal,
    ReversedIncome,
)
from licensing.corrections.proposing import (
    carry_out,
    drop_proposal,
    propose_adjustment,
    propose_restatement,
)
from licensing.corrections.restating import restate_statement
from licensing.money import amount_text
from licensing.royalties.models import PAID, Statement
from portal.accounts.second_factor import second_factor_of
from portal.backoffice.correction_forms import AdjustmentForm, RestatementForm
from portal.backoffice.deeds import ReasonForm, ask_and_do, list_of, staff_actor
from portal.backoffice.inlines import ReadOnlyInline
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.rehearsing import Change, Outcome
from portal.backoffice.second_person import asks_for_second_factor, check_no_gain, stand_in
from portal.backoffice.showing import show_and_do

_PROPOSED = "Proposed: somebody else carries it out or drops it."
_LINES_SHOWN = 200


class StatementDeeds:
    """Proposing corrections where they are seen: on the page of a statement."""

    actions_detail: tuple[str, ...] = ("adjust", "restate")

    @action(description="Correct lines", url_path="adjust", permissions=["decide"])
    def adjust(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose more or less on its lines."""
        row = get_object_or_404(Statement.objects.select_related("period"), pk=object_id)
        return show_and_do(
            request,
            title="Propose to correct lines",
            consequence=f"{_named(row)}. What it posts stands in the open month, once somebody "
            "else carries it out; what is not given from one payee to another the house bears.",
            form_class=partial(AdjustmentForm, row),
            do=lambda data: _propose_adjustment(request, row, data),
            shown=lambda data: _adjusted(request, data),
            back=list_of("royalties_statement"),
            facts={"lines": row.lines.filter(kind__in=PAID)[:_LINES_SHOWN]},
        )

    @action(description="Restate", url_path="restate", permissions=["decide"])
    def restate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose its next version, with the corrections made so far."""
        row = get_object_or_404(Statement.objects.select_related("period"), pk=object_id)

        def do(data: dict[str, Any]) -> Outcome:
            propose_restatement(
                key=data["key"],
                statement_id=row.pk,
                reason=data["reason"],
                proposed_by=staff_actor(request)[1],
                now=timezone.now(),
            )
            return Outcome(_PROPOSED)

        return show_and_do(
            request,
            title="Propose to restate this statement",
            consequence=f"{_named(row)}. A further version shows what the month comes to with "
            "its corrections; every version stays. No money moves.",
            form_class=RestatementForm,
            do=do,
            shown=lambda data: _restated(request, row, data["reason"]),
            back=list_of("royalties_statement"),
        )


def _named(row: Statement) -> str:
    return f"{row.payee_name}, {row.period.month:%B %Y}, version {row.version}"


def _propose_adjustment(request: HttpRequest, row: Statement, data: dict[str, Any]) -> Outcome:
    propose_adjustment(
        key=data["key"],
        statement_id=row.pk,
        corrections=data["corrections"],
        reason=data["reason"],
        proposed_by=staff_actor(request)[1],
        now=timezone.now(),
    )
    return Outcome(_PROPOSED)


def _adjusted(request: HttpRequest, data: dict[str, Any]) -> Outcome:
    second, _ = stand_in(timezone.now())
    adjust_lines(
        key=f"proposal:{data['key']}",
        corrections=data["corrections"],
        reason=data["reason"],
        proposed_by=staff_actor(request)[1],
        confirmed_by=second,
        now=timezone.now(),
    )
    return Outcome("")


def _restated(request: HttpRequest, row: Statement, reason: str) -> Outcome:
    made = restate_statement(
        statement_id=row.pk, reason=reason, actor=staff_actor(request), now=timezone.now()
    )
    return Outcome("", _versions(row, made))


def _versions(before: Statement, after: Statement) -> list[Change]:
    """How a further version differs from the one before."""
    code = after.currency
    return [
        ("Version", f"{before.version} → {after.version}"),
        *(
            (what, f"{amount_text(old)} → {amount_text(new)} {code}")
            for what, old, new in (
                ("Lines together", before.lines_micros, after.lines_micros),
                ("Closing balance", before.closing_micros, after.closing_micros),
            )
        ),
    ]


class ProposedInline(ReadOnlyInline):
    """The lines to be corrected."""

    model = ProposedLine


class ProposalAdmin(ReadOnlyAdmin):
    """Corrections that wait for a second person, and those that were decided."""

    list_display = ("statement", "kind", "reason", "state", "proposed_at", "decided_at")
    list_filter = ("state", "kind")
    list_select_related = ("statement__period",)
    inlines = (ProposedInline,)
    actions_detail = ("carry_out", "drop")
    deeds_while = {"state": Proposal.State.OPEN}

    @action(description="Carry it out", url_path="carry-out", permissions=["decide"])
    def carry_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do what another person proposed."""
        row = get_object_or_404(Proposal.objects.select_related("statement__period"), pk=object_id)
        elsewhere = asks_for_second_factor(request)
        if elsewhere is not None:
            return elsewhere

        def do(data: dict[str, Any]) -> Outcome:
            check_no_gain(request, [(row.statement.payee_kind, row.statement.payee_ref)])
            carry_out(
                proposal_id=row.pk,
                confirmed_by=staff_actor(request)[1],
                proof=second_factor_of(request),
                now=timezone.now(),
            )
            made = Statement.objects.filter(supersedes=row.statement_id).first()
            is_new = made is not None and row.kind == Proposal.Kind.RESTATE
            changes = _versions(row.statement, made) if made and is_new else []
            return Outcome("It is carried out.", changes)

        return show_and_do(
            request,
            title="Carry this correction out",
            consequence=f"{_named(row.statement)}: {row.get_kind_display()}. Because: {row.reason}",
            form_class=forms.Form,
            do=do,
            back=list_of("corrections_proposal"),
        )

    @action(description="Drop it", url_path="drop", permissions=["decide"])
    def drop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do nothing of it."""
        row = get_object_or_404(Proposal, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            drop_proposal(
                proposal_id=row.pk,
                reason=data["reason"],
                dropped_by=staff_actor(request)[1],
                now=timezone.now(),
            )
            return "Dropped: nothing of it was done."

        return ask_and_do(
            request,
            title="Drop this correction",
            consequence=f"Nothing of it is done. It was proposed because: {row.reason}",
            form_class=ReasonForm,
            do=do,
            back=list_of("corrections_proposal"),
        )


class AdjustedInline(ReadOnlyInline):
    """The lines that were corrected."""

    model = AdjustedLine


class AdjustmentAdmin(ReadOnlyAdmin):
    """Corrections that stand in the books, with both people."""

    list_display = ("reason", "proposed_by", "confirmed_by", "made_at", "entry")
    list_select_related = ("entry",)
    inlines = (AdjustedInline,)


class ReversalAdmin(ReadOnlyAdmin):
    """What refunds and chargebacks took back of closed months."""

    list_display = ("receipt", "period", "amount_micros", "entry")
    list_select_related = ("receipt", "period", "entry")


class ReversedIncomeAdmin(ReadOnlyAdmin):
    """Of what refunds took back, income of United States source by payee and month."""

    list_display = ("reversal", "payee_kind", "payee_ref", "month", "us_micros")
    list_select_related = ("reversal__period",)


CORRECTION_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    Proposal: ProposalAdmin,
    Adjustment: AdjustmentAdmin,
    Reversal: ReversalAdmin,
    ReversedIncome: ReversedIncomeAdmin,
}
