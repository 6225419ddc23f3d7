"""Notices from anybody: the form, and the page on which whoever gave one follows it.

It refuses to decide, and to tell anybody else: a notice is reached by its link alone. Invariant:
what is written here blocks nothing by itself.
"""

from urllib.parse import urlsplit

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from licensing.compliance.models import Takedown
from licensing.compliance.operations import receive_takedown, withdraw_takedown
from licensing.compliance.rules import ANSWER_WITHIN, DECIDE_WITHIN, UNDECIDED, ComplianceRefused
from portal.accounts.views import get_or_post
from portal.verify.forms import NoticeForm
from portal.verify.links import find_by_token, token_of
from portal.verify.pointing import page_of
from portal.verify.telling import tell_received
from portal.verify.telling_holders import tell_over

TOO_MANY = (
    "Several notices came from here within the last hour: wait an hour, then send this one. One "
    "notice may name several things in its words."
)
_STATES = {
    "RECEIVED": ("wait", "Received: somebody will look at it"),
    "ASKED": ("wait", "Being looked into: the artists were asked"),
    "ACTING": ("wait", "Being looked into: it is blocked meanwhile"),
    "UPHELD": ("ok", "Upheld: it is blocked"),
    "REJECTED": ("stop", "Rejected: it stays"),
    "WITHDRAWN": ("", "Withdrawn by you"),
}


@never_cache
@get_or_post
def notice(request: HttpRequest) -> HttpResponse:
    """The form; a good one leads to the page of its notice."""
    hosts = {urlsplit(settings.BASE_URL).netloc, request.get_host()}
    initial = {"about": request.GET.get("about", ""), "stem": request.GET.get("stem", "")}
    form = NoticeForm(request.POST or None, initial=initial, hosts=hosts)
    code = 200
    if request.method == "POST" and form.is_valid():
        if _may_write(request, form.cleaned_data["mail"]):
            return redirect("verify:notice_status", token_of(_received(form)))
        form.add_error(None, TOO_MANY)
        code = 429
    facts = {
        "form": form,
        "days": DECIDE_WITHIN.days,
        "answer_days": ANSWER_WITHIN.days,
        "has_stem": bool(form["stem"].value()),
    }
    return render(request, "verify/notice.html", facts, status=code)


def _may_write(request: HttpRequest, mail: str) -> bool:
    """Few from one network address, and few mails to one mail address, whoever asks for them."""
    is_calm: bool = ratelimit.consume(request, action="notice")
    return is_calm and ratelimit.consume(request, action="notice_mail", key=mail.lower())


def _received(form: NoticeForm) -> Takedown:
    facts = form.cleaned_data
    kind, ref = facts["target"]
    row = receive_takedown(
        target_kind=kind,
        target_ref=ref,
        ground=facts["ground"],
        claimant_name=facts["name"],
        claimant_mail=facts["mail"],
        statement=facts["statement"],
        good_faith=facts["good_faith"],
        now=timezone.now(),
    )
    tell_received(row)
    return row


@never_cache
@require_GET
def status(request: HttpRequest, token: str) -> HttpResponse:
    """How far a notice is, for whoever has its link."""
    row = _found(token)
    kind, word = _STATES[row.state]
    facts = {
        "notice": row,
        "token": token,
        "kind": kind,
        "word": word,
        "about": page_of(row.target_kind, row.target_ref),
        "is_open": row.state in UNDECIDED,
        "again": _again(row),
    }
    return render(request, "verify/status.html", facts)


def _again(row: Takedown) -> str:
    """What a second look came to, in a sentence; empty where none was finished."""
    looked = getattr(row, "appeal", None)
    if looked is None or looked.decided_at is None:
        return ""
    said = "It plays again" if looked.outcome == "CHANGED" else "It stays blocked"
    return f"{said}: {looked.reasons}"


@require_POST
def withdraw(request: HttpRequest, token: str) -> HttpResponse:
    """The claimant takes a notice back, once; what it blocked plays again."""
    row = _found(token)
    try:
        tell_over(withdraw_takedown(takedown_id=row.pk, now=timezone.now()))
    except ComplianceRefused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, "Your notice is withdrawn. Nothing is blocked by it any more.")
    return redirect("verify:notice_status", token)


def _found(token: str) -> Takedown:
    row = find_by_token(token)
    if row is None:
        raise Http404
    return row
