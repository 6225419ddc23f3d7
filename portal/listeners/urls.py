"""The addresses of this face."""

from django.urls import path

from portal.listeners import (
    ask,
    live,
    live_pages,
    pages,
    playing,
    said,
    subscription,
    taste,
    variations,
)

app_name = "listeners"
_ONE = "listen/variations/<uuid:variation_id>/"
_LIVE = "listen/live/<uuid:session_id>/"
urlpatterns = [
    path("", pages.home, name="home"),
    path("shares/", pages.how_shares_are_measured, name="how_shares_are_measured"),
    path("listen/", pages.recordings, name="recordings"),
    path("listen/anew/", ask.anew, name="anew"),
    path("listen/ask/", ask.ask, name="ask"),
    path("listen/recordings/<uuid:recording_id>/", ask.recording, name="recording"),
    path("listen/plays/", playing.plays, name="plays"),
    path("listen/taste/", taste.taste, name="taste"),
    path("listen/taste/set/", taste.set_taste, name="taste_set"),
    path("listen/taste/switch/", taste.switch, name="taste_switch"),
    path("listen/taste/share/", taste.share, name="taste_share"),
    path("listen/taste/plays/", taste.plays, name="taste_plays"),
    path("listen/taste/bring/", taste.bring, name="taste_bring"),
    path("listen/taste/export/", taste.export, name="taste_export"),
    path("listen/taste/erase/", taste.erase, name="taste_erase"),
    path("listen/subscription/", subscription.subscription, name="subscription"),
    path("listen/subscription/subscribe/", subscription.subscribe, name="subscribe"),
    path("listen/subscription/card/", subscription.card, name="subscription_card"),
    path("listen/subscription/end/", subscription.end, name="subscription_end"),
    path("listen/subscription/go-on/", subscription.go_on, name="subscription_go_on"),
    path("listen/live/", live_pages.new, name="live_new"),
    path("listen/live/start/", live.start, name="live_start"),
    path(_LIVE, live_pages.session, name="live"),
    path(f"{_LIVE}licence/", live_pages.licence, name="live_licence"),
    path(f"{_LIVE}play/", live.play, name="live_play"),
    path(f"{_LIVE}more/", live.more, name="live_more"),
    path(f"{_LIVE}steer/", live.steer, name="live_steer"),
    path(f"{_LIVE}end/", live.end, name="live_end"),
    path("listen/variations/", variations.library, name="library"),
    path(_ONE, variations.variation, name="variation"),
    path(f"{_ONE}place/", variations.place, name="place"),
    path(f"{_ONE}cancel/", variations.cancel, name="cancel"),
    path(f"{_ONE}without/", variations.ask_without, name="ask_without"),
    path(f"{_ONE}licence/", variations.licence, name="licence"),
    path(f"{_ONE}download/<slug:form>/", variations.download, name="download"),
    path(f"{_ONE}play/", playing.play, name="play"),
    path(f"{_ONE}play/more/", playing.more, name="more"),
    path(f"{_ONE}say/", said.say, name="say"),
    path(f"{_ONE}credits/", playing.credits_now, name="credits"),
]
