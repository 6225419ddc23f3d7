"""Deeds at the desk that two people do: one fills the form in, another sees it and does it.

It refuses to know what a deed does; pages say that. What was typed is kept as it was typed and read
by the same form once more when it is done, so nothing is done that the form would not take then.
Invariant: nothing is posted or permitted by one person, through any page.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone

from licensing.audit.operations import record_fact
from licensing.four_eyes import SecondFactor, check_four_eyes
from licensing.two_people import decide
from portal.backoffice.deeds import DeedRefused, ReasonForm, list_of, staff_actor
from portal.backoffice.models import ProposedDeed
from portal.backoffice.rehearsing import Change, Outcome
from portal.backoffice.second_person import MAY_DECIDE
from portal.backoffice.showing import show_and_do

PROPOSED = "Proposed: somebody else does it or drops it."
State = ProposedDeed.State


@dataclass(frozen=True, slots=True)
class Doing:
    """Who does a deed, when, and on which row ("" where on none)."""

    subject_ref: str
    actor: tuple[str, str]
    now: datetime


@dataclass(frozen=True, slots=True)
class DeedOfTwo:
    """What is asked for by `form_class` and done by `do`; `permission` is needed for either."""

    name: str
    form_class: type[forms.Form]
    do: Callable[[dict[str, Any], Doing], Outcome]
    permission: str = MAY_DECIDE


KNOWN: dict[str, DeedOfTwo] = {}


def known(deed: DeedOfTwo) -> DeedOfTwo:
    """Make a deed known by its name, so that it is found again when it is done."""
    KNOWN[deed.name] = deed
    return deed


def ask_for(
    request: HttpRequest,
    deed: DeedOfTwo,
    *,
    title: str,
    consequence: str,
    back: str,
    subject_ref: str = "",
) -> HttpResponse:
    """The page on which a first person asks for a deed and sees what it would do."""
    who = staff_actor(request)

    def shown(data: dict[str, Any]) -> Outcome:
        return deed.do(data, Doing(subject_ref, who, timezone.now()))

    def do(data: dict[str, Any]) -> Outcome:
        propose_deed(
            key=data["deed_key"],
            deed=deed,
            title=title,
            subject_ref=subject_ref,
            given=_typed(deed, request.POST),
            reason=data["deed_reason"],
            proposed_by=who[1],
            now=timezone.now(),
        )
        return Outcome(PROPOSED)

    return show_and_do(
        request,
        title=title,
        consequence=f"{consequence} Nothing happens before a second person has confirmed it.",
        form_class=_asking(deed.form_class),
        do=do,
        shown=shown,
        back=back,
    )


@transaction.atomic
def propose_deed(
    *,
    key: UUID,
    deed: DeedOfTwo,
    title: str,
    subject_ref: str,
    given: Mapping[str, Sequence[str]],
    reason: str,
    proposed_by: str,
    now: datetime,
) -> ProposedDeed:
    """Ask that a deed is done; proposed twice under its key, it is proposed once."""
    known_row = ProposedDeed.objects.filter(pk=key).first()
    if known_row is not None:
        return known_row
    row = ProposedDeed.objects.create(
        pk=key,
        deed=deed.name,
        title=title[:100],
        subject_ref=subject_ref,
        given={name: list(values) for name, values in given.items()},
        reason=reason.strip()[:300],
        proposed_by=proposed_by,
        proposed_at=now,
    )
    _tell(row, "propose_deed", proposed_by, now)
    return row


@transaction.atomic
def carry_out_deed(
    *, deed_id: UUID, confirmed_by: str, proof: SecondFactor | None, now: datetime
) -> Outcome:
    """Do what another person asked for, and tell what it came to.

    Raises DeedRefused: decided, same_person, no_second_factor, stale_second_factor, not_taken where
    the form takes it no more; and what the operation itself raises.
    """
    row = _open(deed_id)
    proved = check_four_eyes(row.proposed_by, confirmed_by, proof, now, refused=DeedRefused)
    deed = KNOWN[row.deed]
    form = deed.form_class(typed_again(row))
    if not form.is_valid():
        first = next(iter(form.errors.values()))[0]
        raise DeedRefused("not_taken", f"It is not taken any more: {first} Drop it and ask anew.")
    outcome = deed.do(form.cleaned_data, Doing(row.subject_ref, ("user", confirmed_by), now))
    decide(row, state=State.CARRIED_OUT, by=confirmed_by, now=now, proved=proved)
    _tell(row, "carry_out_deed", confirmed_by, now)
    return outcome


@transaction.atomic
def drop_deed(*, deed_id: UUID, reason: str, dropped_by: str, now: datetime) -> ProposedDeed:
    """Do nothing of it; who asked for it may drop it. Raises DeedRefused: decided, no_reason."""
    row = _open(deed_id)
    if not reason.strip():
        raise DeedRefused("no_reason", "Write the reason: it goes into the record.")
    row.decision = reason.strip()[:300]
    decide(row, state=State.DROPPED, by=dropped_by, now=now)
    _tell(row, "drop_deed", dropped_by, now)
    return row


def typed_again(row: ProposedDeed) -> QueryDict:
    """What was typed, as a form reads it."""
    content = QueryDict(mutable=True)
    for name, values in row.given.items():
        content.setlist(name, values)
    return content


def said_of(row: ProposedDeed) -> list[Change]:
    """What was filled in, in the words and the order of the form; a form's own words by `told`."""
    form_class = KNOWN[row.deed].form_class
    own: Callable[[str, str], str] | None = getattr(form_class, "told", None)
    found = []
    for name, field in form_class().fields.items():
        choices = dict(getattr(field, "choices", None) or ())
        values = [str(choices.get(value, value)) for value in row.given.get(name, ()) if value]
        if values:
            words = ", ".join(own(name, value) if own else value for value in values)
            found.append((str(field.label or name.capitalize()), words))
    return found


def _asking(form_class: type[forms.Form]) -> type[forms.Form]:
    """The deed's form, and why it is asked for."""
    more = {
        "deed_key": forms.UUIDField(widget=forms.HiddenInput, initial=uuid4),
        "deed_reason": ReasonForm.base_fields["reason"],
    }
    return type(form_class.__name__, (form_class,), more)


def _typed(deed: DeedOfTwo, sent: QueryDict) -> dict[str, list[str]]:
    kept: Callable[[str, list[str]], list[str]] | None = getattr(deed.form_class, "kept", None)
    named = {name: sent.getlist(name) for name in deed.form_class.base_fields}
    return {name: kept(name, given) if kept else given for name, given in named.items()}


def _open(deed_id: UUID) -> ProposedDeed:
    row = ProposedDeed.objects.select_for_update().get(pk=deed_id)
    if row.state != State.OPEN:
        raise DeedRefused("decided", "This was decided already.")
    return row


def _tell(row: ProposedDeed, verb: str, who: str, now: datetime) -> None:
    record_fact(
        actor=("user", who),
        verb=verb,
        object_kind="proposed_deed",
        object_ref=row.pk,
        after={
            "deed": row.deed,
            "subject": row.subject_ref,
            "state": row.state,
            "reason": row.decision or row.reason,
            "method": row.proof_method,
        },
        at=now,
    )


def deeds_list() -> str:
    """The address of the list of deeds that wait."""
    return list_of("backoffice_proposeddeed")
