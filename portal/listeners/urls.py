"""The addresses of this face."""

from django.urls import path

from portal.listeners import ask, pages, playing, variations

app_name = "listeners"
_ONE = "listen/variations/<uuid:variation_id>/"
urlpatterns = [
    path("", pages.home, name="home"),
    path("shares/", pages.how_shares_are_measured, name="how_shares_are_measured"),
    path("listen/", pages.recordings, name="recordings"),
    path("listen/anew/", ask.anew, name="anew"),
    path("listen/ask/", ask.ask, name="ask"),
    path("listen/recordings/<uuid:recording_id>/", ask.recording, name="recording"),
    path("listen/plays/", playing.plays, name="plays"),
    path("listen/variations/", variations.library, name="library"),
    path(_ONE, variations.variation, name="variation"),
    path(f"{_ONE}place/", variations.place, name="place"),
    path(f"{_ONE}cancel/", variations.cancel, name="cancel"),
    path(f"{_ONE}licence/", variations.licence, name="licence"),
    path(f"{_ONE}download/<slug:form>/", variations.download, name="download"),
    path(f"{_ONE}play/", playing.play, name="play"),
    path(f"{_ONE}play/more/", playing.more, name="more"),
    path(f"{_ONE}credits/", playing.credits_now, name="credits"),
]
