"""The JSON shapes of live sessions: what comes in, checked; what goes out, described.

Positions are samples of the session at 48 kHz, counted from its first.
"""

from rest_framework import serializers

from generation.sessions.rules import LONGEST
from portal.partners.capabilities import SESSION_MODES
from portal.partners.shapes import Asked, Reason, Shape


class SessionTargetsAsked(Asked):
    """What the session should be like from now on; every field may be left out.

    A tempo or key of null leaves it to the composer again.
    """

    energy = serializers.FloatField(min_value=0, max_value=1, required=False)
    valence = serializers.FloatField(min_value=0, max_value=1, required=False)
    brightness = serializers.FloatField(min_value=0, max_value=1, required=False)
    density = serializers.FloatField(min_value=0, max_value=1, required=False)
    tempo_bpm = serializers.FloatField(min_value=40, max_value=240, required=False, allow_null=True)
    key = serializers.RegexField(r"^[A-G][#b]? (maj|min)$", required=False, allow_null=True)
    vocals = serializers.BooleanField(required=False)


class SessionAsked(Asked):
    """A live session. Without recordings or artist the house chooses.

    `customer`: your own reference of who listens. A customer hears one session at a time.
    `by_taste_of`: your own reference of a listener. What `targets` leaves open, and the recordings
    that the house chooses, are then chosen by their taste; a tempo is left to the recording.
    """

    mode = serializers.ChoiceField(choices=SESSION_MODES)
    customer = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    recordings = serializers.ListField(
        child=serializers.UUIDField(), required=False, default=list, max_length=3
    )
    artist = serializers.UUIDField(required=False, allow_null=True, default=None)
    targets = SessionTargetsAsked(required=False, default=dict)
    by_taste_of = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, default=0)
    territory = serializers.RegexField(r"^[A-Z]{2}$", required=False)


class SessionMoved(Asked):
    """New targets; `heard_at` is the sample that your player plays at this moment.

    `is_said_by_customer`: true where the customer of the session moved them with their own hand;
    their taste then learns more or less of what was moved, unless it is switched off. Nothing that
    a device or your app decided is a word of theirs.
    """

    targets = SessionTargetsAsked()
    heard_at = serializers.IntegerField(
        min_value=0, max_value=LONGEST, required=False, allow_null=True, default=None
    )
    is_said_by_customer = serializers.BooleanField(required=False, default=False)


class TargetsShown(Shape):
    """The targets that hold."""

    energy = serializers.FloatField()
    valence = serializers.FloatField()
    brightness = serializers.FloatField()
    density = serializers.FloatField()
    tempo_bpm = serializers.FloatField(allow_null=True)
    key = serializers.CharField(allow_null=True)
    vocals = serializers.BooleanField()


class SectionShown(Shape):
    """A few bars as they are planned; `lines` are its bar lines. A later one may cut it.

    `because`: "" as planned, "steered" or "withdrawn" where it cuts what was to come; `control`:
    the change whose targets hold in it, 0 for those it began with; `keys`: what permission lets it
    be in, lowest first.
    """

    number = serializers.IntegerField()
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    lines = serializers.ListField(child=serializers.IntegerField())
    tempo_bpm = serializers.FloatField(allow_null=True)
    key = serializers.CharField(allow_null=True)
    energy = serializers.FloatField()
    because = serializers.CharField(allow_blank=True)
    control = serializers.IntegerField()
    keys = serializers.ListField(child=serializers.CharField())


class SourceShown(Shape):
    """A stem in the session; `ppm` is its share of what was heard, null until that is sealed."""

    stem = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.CharField()
    recording = serializers.UUIDField()
    recording_title = serializers.CharField()
    party = serializers.CharField()
    ppm = serializers.IntegerField(allow_null=True)


class SessionShown(Shape):
    """A live session of this client.

    `handed`: sound up to there was handed out; `is_waiting`: a change was asked for and is not
    planned yet; `over`: why it is over, else null.
    """

    id = serializers.UUIDField()
    title = serializers.CharField()
    mode = serializers.ChoiceField(choices=SESSION_MODES)
    state = serializers.CharField()
    over = Reason(allow_null=True)
    is_waiting = serializers.BooleanField()
    targets = TargetsShown()
    sample_rate_hz = serializers.IntegerField()
    handed = serializers.IntegerField()
    duration_ms = serializers.IntegerField()
    sections = SectionShown(many=True)
    sources = SourceShown(many=True)


class SecondShown(Shape):
    """A second that can be fetched: 24-bit FLAC, [start, end).

    `version` grows when a change makes it anew: swap it if you have not played it. `shares`: parts
    per thousand in the order of `sources`, empty in silence.
    """

    number = serializers.IntegerField()
    version = serializers.IntegerField()
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    url = serializers.CharField()
    shares = serializers.ListField(child=serializers.IntegerField())


class SessionPlaylistShown(Shape):
    """The seconds there are from the one asked for on, and sections newer than the one known."""

    state = serializers.CharField()
    is_over = serializers.BooleanField()
    sentence = serializers.CharField(allow_blank=True)
    is_waiting = serializers.BooleanField()
    sample_rate_hz = serializers.IntegerField()
    good_for_s = serializers.IntegerField()
    sources = SourceShown(many=True)
    sections = SectionShown(many=True)
    segments = SecondShown(many=True)
    playback_token = serializers.CharField()
    hls_url = serializers.CharField()
