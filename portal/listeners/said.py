"""What a listener says of a variation: like, not for me, more or less of something.

One address takes it all; each key says it or takes it back. Invariant: whoever may not reach the
variation gets the same 404 as for one that does not exist, and where taste is off nothing is taken.
"""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from generation.taste.operations import critique, record_feedback
from generation.taste.queries import feedback_on, is_on
from generation.taste.rules.words import WORDS
from generation.variations.heard import heard
from portal.audio.reach import Listener, variation_for
from portal.listeners.playing import listener_of

_VERDICTS = {"LIKE": "Like", "SKIP": "Not for me"}
# attribute -> what the key for less and the key for more say
_KEYS = {
    "energy": ("Calmer", "Livelier"),
    "tempo": ("Slower", "Faster"),
    "density": ("Sparser", "Fuller"),
    "brightness": ("Darker", "Brighter"),
    "valence": ("Sadder", "Gladder"),
    "vocals": ("Less singing", "More singing"),
    "drums": ("Less drums", "More drums"),
}


@dataclass(frozen=True, slots=True)
class SayKey:
    """One key: what it says, what it sends, and whether it was said before."""

    word: str
    value: str
    is_said: bool


@dataclass(frozen=True, slots=True)
class SayGroup:
    """The keys about one attribute; of the whole where `name` is empty."""

    name: str
    keys: tuple[SayKey, ...]


@dataclass(frozen=True, slots=True)
class SaidPage:
    """The keys of one variation; none where taste is off."""

    at: str
    is_on: bool
    verdict: SayGroup
    groups: tuple[SayGroup, ...]


def said_page(listener: Listener, variation_id: UUID) -> SaidPage:
    """What this listener said of the variation, as keys."""
    found = feedback_on(listener, str(variation_id))
    groups = tuple(
        SayGroup(
            WORDS[name][0],
            tuple(
                _key(name, said, word, found.told.get(name, ""))
                for said, word in zip(("LESS", "MORE"), words, strict=True)
            ),
        )
        for name, words in _KEYS.items()
    )
    verdicts = tuple(_key("", said, word, found.verdict) for said, word in _VERDICTS.items())
    return SaidPage(
        at=reverse("listeners:say", args=[variation_id]),
        is_on=is_on(listener),
        verdict=SayGroup("", verdicts),
        groups=groups,
    )


def _key(attribute: str, said: str, word: str, known: str) -> SayKey:
    """A key that was pressed before sends nothing, which takes back what it said."""
    is_said = known == said
    return SayKey(word, f"{attribute}:{'' if is_said else said}", is_said)


@login_required
@require_POST
def say(request: HttpRequest, variation_id: UUID) -> HttpResponse:
    """Take one word: "tell" is "attribute:SAID", ":SAID" for the whole, nothing after ":" for
    taking it back.
    """
    listener = listener_of(request.user)
    if variation_for(listener, variation_id) is None:
        raise Http404
    attribute, colon, said = str(request.POST.get("tell", "")).partition(":")
    allowed = ("", "MORE", "LESS") if attribute in _KEYS else ("", *_VERDICTS)
    if not colon or said not in allowed or attribute not in ("", *_KEYS):
        raise Http404
    now, what = timezone.now(), heard(variation_id, listener)
    if attribute:
        critique(listener=listener, heard=what, attribute=attribute, said=said, now=now)
    else:
        record_feedback(listener=listener, heard=what, said=said, now=now)
    if request.headers.get("HX-Request"):
        context = {"said": said_page(listener, variation_id)}
        return render(request, "partials/said.html", context)
    return redirect("listeners:variation", variation_id)
