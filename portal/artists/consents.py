"""An artist's own record of consent: every yes and no of their parties, to read and to take away.

It decides nothing and leaves nothing out. Invariant: whoever acts for none of a party's gets the
same 404 as for none at all; an address is only told to be the one the page is read from, or not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from licensing.catalog.models import Party
from licensing.clearance.approval import approval_from_json
from licensing.clearance.consents import Consent, Revoked, consents_of
from licensing.clearance.consents_file import as_csv
from licensing.clearance.effects import Effect
from licensing.clearance.limits import limits_from_json
from licensing.clearance.models import Use
from licensing.clearance.terms import UnknownTerms, terms_text
from licensing.given import STRENGTHS, Given
from portal.accounts import access
from portal.accounts.addresses import address_digest, client_address

SHOWN = 200
UNKNOWN = "not recorded then"
KINDS = {
    "grant": "Granted",
    "withdrawal": "Withdrawn",
    "approval": "Approved",
    "refusal": "Declined",
    "agreement": "Agreed",
    "sheet": "Signed",
    "stand_in": "Decided in your place",
}
RIGHTS = {"MASTER": "master", "PUBLISHING": "composition", "VOICE_LIKENESS": "voice likeness"}
_EFFECTS = {
    Effect.KEEP.value: "what was finished plays on",
    Effect.SUNSET.value: "what was finished plays until a day",
    Effect.TAKE_DOWN.value: "what was finished is taken down",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One consent in words; `facts`: (name, value) pairs; `version`: of the terms, if any."""

    at: datetime
    kind: str
    what: str
    mark: str
    facts: tuple[tuple[str, str], ...]
    version: str


@login_required
@never_cache
@require_safe
def consents(request: HttpRequest) -> HttpResponse:
    """The newest consents of each of one's parties, and all of them as a file."""
    here = address_digest(client_address(request))
    me, now = f"user:{request.user.pk}", timezone.now()
    shown = []
    for party in access.parties_of(request.user):
        found = consents_of(party.pk)
        rows = [row_of(one, me, here, now) for one in found[:SHOWN]]
        shown.append((party, rows, len(found)))
    facts = {
        "shown": shown,
        "most": SHOWN,
        "here": "signatures",
        "nav_main": "partials/nav_artist.html",
    }
    return render(request, "artists/consents.html", facts)


@login_required
@never_cache
@require_safe
def consents_file(request: HttpRequest, party_id: UUID) -> HttpResponse:
    """All consents of one party as CSV."""
    party: Party = access.get_party_for(request.user, party_id)
    answer = HttpResponse(as_csv(consents_of(party.pk)), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="consents.csv"'
    return answer


@login_required
@require_safe
def terms(request: HttpRequest, version: str) -> HttpResponse:
    """The words of one version of the terms, as they were signed."""
    try:
        return HttpResponse(terms_text(version), content_type="text/plain; charset=utf-8")
    except UnknownTerms:
        raise Http404 from None


def row_of(one: Consent, me: str, here: str, now: datetime) -> Row:
    """A consent in words, for who reads it as `me` from an address with the digest `here`."""
    gone = {use for part in one.revoked for use in part.uses}
    stands = set(one.uses) - gone and (one.valid_until is None or one.valid_until > now)
    mark = "stop" if one.kind in ("withdrawal", "refusal") else "ok"
    if one.kind == "grant" and not stands:
        mark = "stop"
    return Row(
        at=one.at,
        kind=KINDS[one.kind],
        what=", ".join(filter(None, [one.recording, one.stem])),
        mark=mark,
        facts=tuple(_facts(one, me, here)),
        version=one.text.removeprefix("terms of grant ") if one.kind == "grant" else "",
    )


def _facts(one: Consent, me: str, here: str) -> Iterator[tuple[str, str]]:
    if one.uses:
        yield "For", ", ".join(Use(use).label for use in one.uses)
    if one.rights:
        yield "Rights", ", ".join(RIGHTS.get(right, right.lower()) for right in one.rights)
    if one.kind == "grant":
        yield from _scope(one)
    for gone in one.revoked if one.kind == "grant" else ():
        yield "Taken back", _revoked(gone)
    if one.text:
        yield "Text", f"{one.text}, SHA-256 {one.text_sha256[:12]}…"
    if one.kind == "grant":
        yield (
            "Rate cards then",
            UNKNOWN
            if one.royalty_terms is None
            else (", ".join(one.royalty_terms) or "none was set"),
        )
    yield "By", "you" if one.actor == me else "somebody else who acted for this party"
    yield from _how(one.given, here)
    if one.note:
        yield "Note", one.note


def _scope(one: Consent) -> Iterator[tuple[str, str]]:
    yield "Where", ", ".join(one.territories) or "the whole world"
    yield "Channels", ", ".join(one.channels) or "everywhere"
    if one.valid_from is not None:
        end = f" until {one.valid_until:%-d %B %Y, %H:%M}" if one.valid_until else ", no end"
        yield "Time", f"from {one.valid_from:%-d %B %Y, %H:%M}{end}"
    limits = limits_from_json(one.limits)
    said = [
        f"tempo {limits.tempo_min_ratio * 100:.0f} to {limits.tempo_max_ratio * 100:.0f} %",
        f"{limits.semitones_max} semitones",
        f"mix up to {limits.mix_reach * 100:.0f} %",
    ]
    for is_allowed, name in (
        (limits.vocals, "voice"),
        (limits.with_others, "mixed with others"),
        (limits.with_others and limits.with_explicit, "with explicit words of others"),
        (limits.by_taste, "by a listener’s taste"),
    ):
        said.append(name if is_allowed else f"not {name}")
    yield "Limits", "; ".join(said)
    wish = approval_from_json(one.approval)
    if wish is not None:
        bounds = "any other that leaves the bounds set then"
        yield "Approve first", f"the first {wish.first} of the recording, and {bounds}"


def _revoked(gone: Revoked) -> str:
    uses = ", ".join(Use(use).label for use in gone.uses)
    until = f" ({gone.served_until:%-d %B %Y})" if gone.served_until else ""
    return f"{uses} on {gone.at:%-d %B %Y, %H:%M}: {_EFFECTS[gone.effect]}{until}"


def _how(given: Given, here: str) -> Iterator[tuple[str, str]]:
    strength = dict(STRENGTHS)[given.strength.value]
    yield (
        "Confirmed by",
        f"{given.method or UNKNOWN} ({strength})" if given.strength else (given.method or UNKNOWN),
    )
    yield "Language shown", given.locale or UNKNOWN
    if given.source_hmac:
        yield (
            "From",
            "the address you read this from"
            if given.source_hmac == here
            else ("another address than this"),
        )
    else:
        yield "From", UNKNOWN
    if given.evidence_sha256:
        yield "Document", f"SHA-256 {given.evidence_sha256[:12]}…"
