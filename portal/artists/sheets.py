"""Split sheet pages: draw up, read, sign or decline, remind, and what still waits for one."""

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from allauth.core import ratelimit
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from licensing.catalog import queries
from licensing.catalog.models import Party, Recording, SplitSheet, Stem
from licensing.catalog.operations import decline_sheet, sign_sheet
from licensing.catalog.rules import UNREACHED_DAYS, CatalogRefused
from licensing.clearance.agreeing import pending_for
from portal.accounts import access
from portal.accounts.signing import given_now
from portal.accounts.views import get_or_post
from portal.artists import operations
from portal.artists.rows import SheetTable, sheet_table
from portal.artists.sheet_form import AboutForm, ShareForm, ShareLines, first_lines, lines_of
from portal.artists.telling import tell_declined


class DeclineForm(forms.Form):
    """Why a party says no; whoever proposed the sheet reads it."""

    because = forms.CharField(
        max_length=300,
        label="Why not",
        error_messages={"required": "Write why: whoever proposed it and everybody asked read it."},
    )


@login_required
@get_or_post
def sheet_new(request: HttpRequest, recording_id: UUID, right: str) -> HttpResponse:
    """Draw up the next version of a recording's master or publishing sheet."""
    right = right.upper()
    if right not in SplitSheet.Right.values:
        raise Http404
    recording = access.get_recording_for(request.user, recording_id, "edit")
    kept = list(access.recordings_of(request.user).values_list("pk", flat=True))
    parties = operations.known_parties(access.user_of(request), kept)
    stem = _stem(request, recording)
    factory = forms.formset_factory(ShareForm, formset=ShareLines, extra=3, max_num=64)
    formset = factory(
        request.POST or None,
        initial=first_lines(right, recording, stem),
        form_kwargs={"parties": parties},
        prefix="shares",
    )
    about = AboutForm(
        request.POST or None,
        right=right,
        recording=recording,
        now=timezone.now(),
        initial={"stem": str(stem.pk) if stem else ""},
    )
    if request.method == "POST" and all([formset.is_valid(), about.is_valid()]):
        answer = _draw_up(request, right, recording, formset, about)
        if answer is not None:
            return answer
    facts = {
        "recording": recording,
        "right": right,
        "formset": formset,
        # One empty line stands ready; whoever has more people opens the rest.
        "folded_from": max(1, formset.initial_form_count()) + 1,
        "about": about,
        "here": "recordings",
        "nav_main": "partials/nav_artist.html",
    }
    return render(request, "artists/sheet_new.html", facts)


def _draw_up(
    request: HttpRequest,
    right: str,
    recording: Recording,
    formset: forms.BaseFormSet,
    about: AboutForm,
) -> HttpResponse | None:
    """Propose what valid forms say; None, with a message, when the catalog refuses it."""
    limited = ratelimit.consume_or_429(request, action="invite", user=request.user)
    if limited:
        return limited
    try:
        sheet = operations.draw_up_sheet(
            user=access.user_of(request),
            right=right,
            on=about.on(right, recording),
            lines=lines_of(formset),
            now=timezone.now(),
            effective_from=about.cleaned_data["starts_on"],
        )
    except CatalogRefused as refusal:
        messages.error(request, refusal.sentence)
        return None
    messages.success(request, "The sheet is proposed. Everybody it concerns is asked.")
    return redirect("artists:sheet", sheet.pk)


def _stem(request: HttpRequest, recording: Recording) -> Stem | None:
    """The stem of the recording that the address names, if it does."""
    ref = request.GET.get("stem", "")
    if not queries.is_uuid(ref):
        return None
    return queries.list_stems(recording.pk).filter(pk=ref).first()


@login_required
@get_or_post
@reauthentication_required(allow_get=True)
def sheet(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """Read a sheet, and sign it or say no for a party one may sign for."""
    found = access.get_sheet_for(request.user, sheet_id)
    state = queries.get_sheet_state(found.pk)
    table = sheet_table(state, timezone.now())
    waiting = {party_id for party_id, _ in state.waiting_for}
    parties = access.parties_of(request.user, "sign")
    mine = [p for p in parties if p.pk in waiting]
    # Whoever has signed may still say no while others are waited for.
    asked = {line.party_id for line in (*table.lines, *table.ending)} if waiting else set()
    may_decline = [p for p in parties if p.pk in asked]
    no = DeclineForm(request.POST if "because" in request.POST else None)
    if request.method == "POST" and "because" not in request.POST:
        return _sign(request, found, mine)
    if request.method == "POST" and no.is_valid():
        return _decline(request, found, may_decline, no.cleaned_data["because"])
    recording = found.recording or (found.stem.recording if found.stem else None)
    if recording is None and found.work is not None:
        recording = found.work.recordings.order_by("created_at").first()
    facts = {
        "sheet": found,
        "table": table,
        "text": state.text,
        "mine": mine,
        "may_decline": may_decline,
        "no": no,
        "days": UNREACHED_DAYS,
        "own": {party.pk for party in mine},
        "losing": [
            line
            for line in table.ending
            if line.party_id in {party.pk for party in mine}
            and line.share_ppm < (line.before_ppm or 0)
        ],
        "may_remind": access.sheets_for(request.user, "edit").filter(pk=found.pk).exists(),
        "recording": recording,
        "here": "signatures",
        "nav_main": "partials/nav_artist.html",
    }
    return render(request, "artists/sheet.html", facts)


def _sign(request: HttpRequest, found: SplitSheet, mine: list[Party]) -> HttpResponse:
    party = _party(request, mine)
    try:
        signed = sign_sheet(
            sheet_id=found.pk,
            party_id=party.pk,
            user_ref=str(request.user.pk),
            given=given_now(request),
            text_sha256=request.POST.get("text_sha256", ""),
            now=timezone.now(),
        )
    except CatalogRefused as refusal:
        messages.error(request, refusal.sentence + " Read it again before you sign.")
        return redirect("artists:sheet", found.pk)
    counts = signed.state == SplitSheet.State.SIGNED
    messages.success(
        request,
        f"Signed as {party}. "
        + (
            f"Everybody has signed: the sheet counts from {signed.effective_from:%-d %B %Y} on."
            if counts
            else "It counts once all have."
        ),
    )
    return redirect("artists:sheet", found.pk)


def _decline(
    request: HttpRequest, found: SplitSheet, mine: list[Party], because: str
) -> HttpResponse:
    party = _party(request, mine)
    try:
        declined = decline_sheet(
            sheet_id=found.pk,
            party_id=party.pk,
            user_ref=str(request.user.pk),
            because=because,
            now=timezone.now(),
        )
    except CatalogRefused as refusal:
        messages.error(request, refusal.sentence)
    else:
        tell_declined(sheet=declined)
        messages.success(
            request, f"Declined as {party}. What counted before goes on; the others are told."
        )
    return redirect("artists:sheet", found.pk)


def _party(request: HttpRequest, mine: list[Party]) -> Party:
    """The party that was chosen, one of those that are asked and one may sign for; else 404."""
    party = next((one for one in mine if str(one.pk) == request.POST.get("party")), None)
    if party is None:
        raise Http404
    return party


@login_required
@require_POST
def remind(request: HttpRequest, sheet_id: UUID, party_id: UUID) -> HttpResponse:
    """Ask a party that has not signed once more."""
    found = access.get_sheet_for(request.user, sheet_id, "edit")
    state = queries.get_sheet_state(found.pk)
    if party_id not in {waiting for waiting, _ in state.waiting_for}:
        raise Http404
    limited = ratelimit.consume_or_429(request, action="invite", user=request.user)
    if limited:
        return limited
    party = Party.objects.get(pk=party_id)
    if operations.remind(
        sheet=found, party=party, user=access.user_of(request), now=timezone.now()
    ):
        messages.success(request, f"{party} is asked once more.")
    else:
        messages.error(
            request,
            f"Nobody acts for {party} here, and no address of theirs is known. Ask a rights "
            "administrator at the desk.",
        )
    return redirect("artists:sheet", found.pk)


@login_required
@require_GET
def signatures(request: HttpRequest) -> HttpResponse:
    """Every sheet that waits for one of one's parties, and recordings one holds a share in."""
    waiting: list[tuple[Party, SheetTable]] = []
    now = timezone.now()
    for party in access.parties_of(request.user, "sign"):
        waiting += [(party, sheet_table(s, now)) for s in queries.list_sheets_to_sign(party.pk)]
    parties = list(access.parties_of(request.user, "sign"))
    facts = {
        "waiting": waiting,
        "agreements": [(one, state) for one in parties for state in pending_for(one.pk, now)],
        "holdings": access.holdings_of(request.user).order_by("title"),
        "here": "signatures",
        "nav_main": "partials/nav_artist.html",
    }
    return render(request, "artists/signatures.html", facts)
