"""Split sheet pages: draw up, read, sign, remind, and what still waits for one's signature."""

from typing import Any
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
from licensing.catalog.models import Party, Recording, Share, SplitSheet
from licensing.catalog.operations import sign_sheet
from licensing.catalog.rules import WHOLE_PPM, CatalogRefused
from licensing.clearance.agreeing import pending_for
from portal.accounts import access
from portal.accounts.countries import CODES
from portal.accounts.views import get_or_post
from portal.artists import operations, words
from portal.artists.rows import SheetTable, sheet_table

SIGNED_BY = "password, given again"


class ShareForm(forms.Form):
    """One line: a party that is known here, or a name and an address to invite."""

    party = forms.ChoiceField(required=False, label="Party")
    name = forms.CharField(required=False, max_length=200, label="Name, if new here")
    email = forms.EmailField(
        required=False,
        label="E-mail, if new here",
        error_messages={"invalid": "An e-mail address has a name, an @ and a domain."},
    )
    share = forms.CharField(
        required=False,
        label="Share, %",
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    administered_by = forms.ChoiceField(
        choices=[
            ("SELF", "the party itself"),
            ("PUBLISHER", "a publisher"),
            ("SOCIETY", "a society"),
        ],
        label="Collected by",
    )
    administrator = forms.CharField(required=False, max_length=100, label="Its name")
    territories = forms.CharField(
        required=False,
        label="It collects in",
        help_text="Country codes such as DE AT; empty: the whole world.",
    )

    def __init__(self, *args: Any, parties: list[Party], **kwargs: Any) -> None:
        # A line that stays as it was proposed is still a line.
        super().__init__(*args, **kwargs | {"empty_permitted": False})
        field = self.fields["party"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Somebody new"), *((str(p.pk), p.name) for p in parties)]

    def clean_share(self) -> int:
        """Parts per million out of a percentage of at most four decimals; nothing is 0."""
        text = self.cleaned_data["share"]
        if not text.strip():
            return 0
        try:
            return words.percent_ppm(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_territories(self) -> tuple[str, ...]:
        """ISO 3166 codes of two letters, each once."""
        codes = sorted(set(self.cleaned_data["territories"].replace(",", " ").upper().split()))
        odd = [code for code in codes if code not in CODES]
        if odd:
            raise forms.ValidationError(
                f"{odd[0]} is no country code of two letters. Germany is DE, Austria is AT."
            )
        return tuple(codes)

    def _check_administrator(self, facts: dict[str, Any]) -> None:
        """Who collects for a party has a name; a party itself collects everywhere."""
        is_own = facts.get("administered_by") == "SELF"
        if not is_own and not facts.get("administrator"):
            self.add_error("administrator", "Write who collects this share, for example GEMA.")
        if is_own and facts.get("territories"):
            self.add_error("territories", "Countries belong to a publisher or a society.")

    def clean(self) -> dict[str, Any]:
        """A line with a share names somebody; somebody new has a name and an address."""
        facts = self.cleaned_data
        if facts.get("share"):
            self._check_administrator(facts)
        if not facts.get("share"):
            if facts.get("party") or facts.get("name"):
                self.add_error("share", "Give this party a share, or empty its line.")
            return facts
        if facts.get("party"):
            return facts
        for field, sentence in (
            ("name", "Choose a party, or write the name of somebody new."),
            ("email", "Somebody new needs an address, so that they can sign."),
        ):
            if not facts.get(field) and field not in self.errors:
                self.add_error(field, sentence)
        return facts

    def line(self) -> operations.Line | None:
        """What the line says, or None for an empty one."""
        facts = self.cleaned_data
        if not facts.get("share"):
            return None
        own = facts["administered_by"] == "SELF"
        return operations.Line(
            share_ppm=facts["share"],
            party_id=UUID(facts["party"]) if facts["party"] else None,
            name=facts["name"],
            email=facts["email"],
            administered_by=facts["administered_by"],
            administrator="" if own else facts["administrator"],
            territories=facts["territories"],
        )


class ShareLines(forms.BaseFormSet):
    """All lines of a sheet; together they are the whole."""

    def clean(self) -> None:
        """The shares must make 100.0000 %; how much is missing is said."""
        if any(self.errors):
            return
        total = sum(form.cleaned_data.get("share") or 0 for form in self.forms)
        if total != WHOLE_PPM:
            gap = WHOLE_PPM - total
            way = "are missing" if gap > 0 else "are too many"
            raise forms.ValidationError(
                f"The shares make {words.percent(total)}: {words.percent(abs(gap))} {way}."
            )


def _lines(formset: forms.BaseFormSet) -> list[operations.Line]:
    """What all lines say, without the empty ones."""
    return [line for form in formset.forms if (line := form.line()) is not None]


def _initial(right: str, recording: Recording) -> list[dict[str, Any]]:
    """The newest sheet's lines, so that a change starts from what is; else the page's own party."""
    on = {"work": recording.work} if right == "PUBLISHING" else {"recording": recording}
    newest = SplitSheet.objects.filter(right=right, **on).order_by("-version").first()
    if newest is None:
        return [{"party": str(recording.party_id), "share": "100", "administered_by": "SELF"}]
    shares = Share.objects.filter(sheet=newest).order_by("-share_ppm", "party_id")
    return [
        {
            "party": str(share.party_id),
            "share": words.percent(share.share_ppm).removesuffix(" %"),
            "administered_by": share.administered_by,
            "administrator": share.administrator,
            "territories": " ".join(share.administrator_territories),
        }
        for share in shares
    ]


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
    factory = forms.formset_factory(ShareForm, formset=ShareLines, extra=3, max_num=64)
    formset = factory(
        request.POST or None,
        initial=_initial(right, recording),
        form_kwargs={"parties": parties},
        prefix="shares",
    )
    if request.method == "POST" and formset.is_valid():
        limited = ratelimit.consume_or_429(request, action="invite", user=request.user)
        if limited:
            return limited
        on = operations.On(
            recording_id=recording.pk if right == "MASTER" else None,
            work_id=recording.work_id if right == "PUBLISHING" else None,
        )
        try:
            sheet = operations.draw_up_sheet(
                user=access.user_of(request),
                right=right,
                on=on,
                lines=_lines(formset),
                now=timezone.now(),
            )
        except CatalogRefused as refusal:
            messages.error(request, refusal.sentence)
        else:
            messages.success(request, "The sheet is proposed. Everybody on it is asked to sign.")
            return redirect("artists:sheet", sheet.pk)
    facts = {
        "recording": recording,
        "right": right,
        "formset": formset,
        "here": "recordings",
        "nav_main": "partials/nav_artist.html",
    }
    return render(request, "artists/sheet_new.html", facts)


@login_required
@get_or_post
@reauthentication_required(allow_get=True)
def sheet(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """Read a sheet, and sign it for a party one may sign for."""
    found = access.get_sheet_for(request.user, sheet_id)
    state = queries.get_sheet_state(found.pk)
    waiting = {party_id for party_id, _ in state.waiting_for}
    mine = [p for p in access.parties_of(request.user, "sign") if p.pk in waiting]
    if request.method == "POST":
        return _sign(request, found, mine)
    recording = found.recording or (found.stem.recording if found.stem else None)
    if recording is None and found.work is not None:
        recording = found.work.recordings.order_by("created_at").first()
    facts = {
        "sheet": found,
        "table": sheet_table(state),
        "text": state.text,
        "mine": mine,
        "own": {party.pk for party in mine},
        "may_remind": access.sheets_for(request.user, "edit").filter(pk=found.pk).exists(),
        "recording": recording,
        "here": "signatures",
        "nav_main": "partials/nav_artist.html",
    }
    return render(request, "artists/sheet.html", facts)


def _sign(request: HttpRequest, found: SplitSheet, mine: list[Party]) -> HttpResponse:
    party = next((one for one in mine if str(one.pk) == request.POST.get("party")), None)
    if party is None:
        raise Http404
    try:
        signed = sign_sheet(
            sheet_id=found.pk,
            party_id=party.pk,
            user_ref=str(request.user.pk),
            method=SIGNED_BY,
            locale="en",
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
        + ("Everybody has signed: the sheet counts." if counts else "It counts once all have."),
    )
    return redirect("artists:sheet", found.pk)


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
        messages.error(request, f"Nobody acts for {party} yet. Invite somebody on a new version.")
    return redirect("artists:sheet", found.pk)


@login_required
@require_GET
def signatures(request: HttpRequest) -> HttpResponse:
    """Every sheet that waits for one of one's parties, and recordings one holds a share in."""
    waiting: list[tuple[Party, SheetTable]] = []
    for party in access.parties_of(request.user, "sign"):
        waiting += [(party, sheet_table(s)) for s in queries.list_sheets_to_sign(party.pk)]
    now = timezone.now()
    parties = list(access.parties_of(request.user, "sign"))
    facts = {
        "waiting": waiting,
        "agreements": [(one, state) for one in parties for state in pending_for(one.pk, now)],
        "holdings": access.holdings_of(request.user).order_by("title"),
        "here": "signatures",
        "nav_main": "partials/nav_artist.html",
    }
    return render(request, "artists/signatures.html", facts)
