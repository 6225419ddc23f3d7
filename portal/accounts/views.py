"""The account pages: oneself, one's parties, invitations. Log-in itself is allauth's."""

from uuid import UUID

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts import access, operations, rules
from portal.accounts.forms import InvitationForm, PartyForm, YouForm
from portal.accounts.mailing import find_by_off_token

get_or_post = require_http_methods(["GET", "POST"])


@login_required
@get_or_post
def overview(request: HttpRequest) -> HttpResponse:
    """Name, country, password, and the parties one acts for."""
    form = YouForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your name, country and mails are kept.")
        return redirect("accounts:overview")
    memberships = (
        access.user_of(request).memberships.select_related("party").order_by("party__name")
    )
    facts = {"form": form, "memberships": memberships, "here": "account"}
    return render(request, "account/overview.html", facts)


@login_required
@require_GET
def welcome(request: HttpRequest) -> HttpResponse:
    """The first page after sign-up: two doors."""
    return render(request, "account/welcome.html", {"here": "account"})


@login_required
@get_or_post
def party_new(request: HttpRequest) -> HttpResponse:
    """Open a party and become its first administrator."""
    form = PartyForm(request.POST or None, initial={"name": access.user_of(request).display_name})
    if request.method == "POST" and form.is_valid():
        operations.open_party(user=access.user_of(request), now=timezone.now(), **form.cleaned_data)
        messages.success(request, f"{form.cleaned_data['name']} is here. Bring a recording next.")
        return redirect("artists:recordings")
    return render(request, "account/party_new.html", {"form": form, "here": "account"})


@login_required
@get_or_post
def party(request: HttpRequest, party_id: UUID) -> HttpResponse:
    """Who acts for a party, and inviting somebody else to."""
    found = access.get_party_for(request.user, party_id)
    may_manage = access.parties_of(request.user, "edit").filter(pk=found.pk).exists()
    if request.method == "POST" and not may_manage:
        raise Http404
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        limited = ratelimit.consume_or_429(request, action="invite", user=request.user)
        if limited:
            return limited
        operations.invite(
            party=found, invited_by=access.user_of(request), now=timezone.now(), **form.cleaned_data
        )
        messages.success(request, f"A link is on its way to {form.cleaned_data['email']}.")
        return redirect("accounts:party", found.pk)
    now = timezone.now()
    facts = {
        "party": found,
        "may_manage": may_manage,
        "form": form,
        "memberships": found.memberships.select_related("user").order_by("created_at"),
        "invitations": found.invitations.filter(used_at=None, expires_at__gt=now),
        "here": "account",
    }
    return render(request, "account/party.html", facts)


@login_required
@require_POST
def member_end(request: HttpRequest, party_id: UUID, user_id: UUID) -> HttpResponse:
    """Take somebody's role in a party away, or leave it oneself."""
    may: access.May = "see" if user_id == request.user.pk else "edit"
    found = access.get_party_for(request.user, party_id, may)
    try:
        operations.end_membership(
            party=found, user_id=user_id, ended_by=access.user_of(request), now=timezone.now()
        )
    except operations.LastAdministrator as error:
        messages.error(request, str(error))
        return redirect("accounts:party", found.pk)
    if user_id == request.user.pk:
        messages.success(request, f"You no longer act for {found}.")
        return redirect("accounts:overview")
    messages.success(request, "They no longer act for this party.")
    return redirect("accounts:party", found.pk)


@never_cache
@login_required
@get_or_post
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Where a mailed link leads: say who asks and for what, then accept once."""
    found = operations.find_invitation(token)
    if found is None:
        raise Http404
    facts = {"invitation": found, "here": "account", "spent": ""}
    try:
        if request.method == "POST":
            operations.accept_invitation(
                token=token, user=access.user_of(request), now=timezone.now()
            )
            messages.success(request, f"You now act for {found.party}.")
            return redirect("artists:signatures")
        facts_now = rules.InvitationFacts(found.expires_at, found.used_at)
        rules.require_open(facts_now, timezone.now())
    except rules.InvitationSpent as error:
        facts["spent"] = str(error)
    return render(request, "account/invitation.html", facts, status=410 if facts["spent"] else 200)


@csrf_exempt
@never_cache
@get_or_post
def mails_off(request: HttpRequest, token: str) -> HttpResponse:
    """Where a mail's link leads: no more of them. Mail programs post here by themselves.

    The signed link is the proof (RFC 8058), so neither log-in nor a form's secret is asked for.
    """
    person = find_by_off_token(token)
    if person is None:
        raise Http404
    if request.method == "POST":
        person.wants_mail = False
        person.save(update_fields=["wants_mail"])
    return render(request, "account/mails_off.html", {"person": person, "here": "account"})
