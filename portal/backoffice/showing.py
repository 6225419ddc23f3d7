"""A deed at the desk in two steps: what it will post and change is shown, then it is done.

The second press carries the digest of what was shown. Where the deed meanwhile comes to something
else, because the form was changed or the books moved, the new preview is shown instead.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render

from portal.backoffice.deeds import REFUSALS
from portal.backoffice.rehearsing import Outcome, Rehearsal, rehearse

Deed = Callable[[dict[str, Any]], Outcome]


def show_and_do(
    request: HttpRequest,
    *,
    title: str,
    consequence: str,
    form_class: Callable[[QueryDict | None], forms.Form],
    do: Deed,
    back: str,
    shown: Deed | None = None,
    facts: dict[str, Any] | None = None,
    summed: bool = False,
    key: str = "",
) -> HttpResponse:
    """Ask, show what it comes to, and do it once that was seen.

    `shown`: what is rehearsed instead of `do`, for a proposal whose effect comes with the second
    person. `facts`: more for the template. `summed`: entries of a kind are shown as one. `key`: the
    deed as its key says it, where that is not the title. A refusal of the rooms below is an error
    on the form.
    """
    form = _form(request, form_class)
    seen = request.POST.get("seen", "")
    found: Rehearsal | None = None
    if form.is_bound and form.is_valid():
        try:
            found, sentence = _carry(form.cleaned_data, do, shown, seen, summed)
        except REFUSALS as error:
            form.add_error(None, str(error))
        except IntegrityError:
            form.add_error(None, "The database does not take this: look at the values again.")
        else:
            if sentence:
                messages.success(request, sentence)
                return HttpResponseRedirect(back)
    context = {
        "title": title,
        "consequence": consequence,
        "form": form,
        "back": back,
        "key": key or title,
        "asks_twice": True,
        "found": found,
        "has_moved": bool(found and seen),
        **(facts or {}),
    }
    return render(request, "backoffice/deed.html", context)


def _form(request: HttpRequest, made: Callable[[QueryDict | None], forms.Form]) -> forms.Form:
    """The form as it was sent. One that asks nothing counts as filled in: it is shown at once."""
    if request.method == "POST":
        return made(request.POST)
    form = made(None)
    return form if form.fields else made(QueryDict())


def _carry(
    data: dict[str, Any], do: Deed, shown: Deed | None, seen: str, summed: bool
) -> tuple[Rehearsal, str]:
    """The rehearsal, and the sentence of what was done, empty while it is only shown."""
    if shown is None:
        found = rehearse(lambda: do(data), keep_if=seen, summed=summed)
        return found, found.outcome.sentence if found.is_kept else ""
    found = rehearse(lambda: shown(data), summed=summed)
    return found, do(data).sentence if found.sha256 == seen else ""
