"""The JSON shapes of the partner API: what comes in, checked; what goes out, described."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from generation.compose.values import LINES
from generation.nets.external.values import WORDS
from generation.variations.rules import FORMATS, LEFT_OUT_AT_MOST, WORDS_AT_MOST, State
from portal.partners.capabilities import MODES

Shape = serializers.Serializer[Any]
POSITION_MOST_MS = 10**9


class Asked(Shape):
    """What comes in: a field that is not known is refused, for a wish is never quietly dropped."""

    def to_internal_value(self, data: Any) -> Any:
        """The values of the known fields; raises ValidationError."""
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, Mapping) else []
        if unknown:
            known = ", ".join(self.fields)
            sentence = f"There is no such field; there are: {known}."
            raise serializers.ValidationError({str(name)[:60]: sentence for name in unknown[:10]})
        return super().to_internal_value(data)


class Reason(Shape):
    """Why something is not allowed; `code` is stable."""

    code = serializers.CharField()
    sentence = serializers.CharField()


class LimitsShown(Shape):
    """How far a variation may go; the tightest of all holders."""

    tempo_min_ratio = serializers.FloatField(allow_null=True)
    tempo_max_ratio = serializers.FloatField(allow_null=True)
    semitones_max = serializers.IntegerField(allow_null=True)
    vocals = serializers.BooleanField()
    with_others = serializers.BooleanField()
    mix_reach = serializers.FloatField()
    with_explicit = serializers.BooleanField(
        help_text="Also beside recordings of others whose words are explicit."
    )
    by_taste = serializers.BooleanField(
        help_text="Also in what a listener's taste profile chose or shaped."
    )


class StemShown(Shape):
    """A stem that may be used."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.CharField()


class RecordingShown(Shape):
    """A recording that may be varied by this client."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    party = serializers.CharField()
    explicit = serializers.BooleanField()
    tempo_bpm = serializers.FloatField(allow_null=True)
    key = serializers.CharField(allow_null=True)
    duration_ms = serializers.IntegerField()
    uses = serializers.ListField(child=serializers.ChoiceField(choices=MODES))
    stems = StemShown(many=True)


class RecordingsPage(Shape):
    """A page; `next` is the cursor of the following one, or null."""

    items = RecordingShown(many=True)
    next = serializers.CharField(allow_null=True)


class ClearanceAsked(Asked):
    """What is to be used, where; nothing is rendered and no row is written."""

    use = serializers.ChoiceField(choices=MODES)
    recordings = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=3)
    territory = serializers.RegexField(r"^[A-Z]{2}$", required=False)
    live = serializers.BooleanField(
        required=False, default=False, help_text="For a session, where no holder is asked first."
    )
    by_taste = serializers.BooleanField(
        required=False, default=False, help_text="A listener's taste profile chooses or shapes it."
    )


class ClearanceShown(Shape):
    """The answer, with reasons where it is no and limits where it is yes."""

    allowed = serializers.BooleanField()
    reasons = Reason(many=True)
    limits = LimitsShown(allow_null=True)


class TargetsAsked(Asked):
    """What the variation should be like; every field may be left out.

    `line`: which new notes a model writes, for sounds of the stems to play; `external`: words for a
    sound by an external net, where the installation has one that it may open. `model_ppm` of the
    variation says how much of what is heard they are.
    """

    energy = serializers.FloatField(min_value=0, max_value=1, required=False)
    valence = serializers.FloatField(min_value=0, max_value=1, required=False)
    brightness = serializers.FloatField(min_value=0, max_value=1, required=False)
    density = serializers.FloatField(min_value=0, max_value=1, required=False)
    tempo_bpm = serializers.FloatField(min_value=40, max_value=240, required=False)
    key = serializers.RegexField(r"^[A-G][#b]? (maj|min)$", required=False)
    vocals = serializers.BooleanField(required=False)
    line = serializers.ChoiceField(choices=LINES, required=False)
    external = serializers.ListField(
        child=serializers.ChoiceField(choices=sorted(WORDS)),
        required=False,
        max_length=WORDS_AT_MOST,
    )
    seconds = serializers.FloatField(min_value=10, max_value=1800, required=False)


class VariationAsked(Asked):
    """A request for a variation. Without recordings (mood, focus, ambient) the house chooses.

    `by_taste_of`: your own reference of a listener. What `targets` leaves open, and what the house
    chooses, is then chosen by their taste; in mood, focus and ambient.
    """

    mode = serializers.ChoiceField(choices=MODES)
    recordings = serializers.ListField(
        child=serializers.UUIDField(), required=False, default=list, max_length=3
    )
    targets = TargetsAsked(required=False, default=dict)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, default=0)
    without = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        default=list,
        max_length=LEFT_OUT_AT_MOST,
        help_text="Stems that shall not sound.",
    )
    by_taste_of = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    territory = serializers.RegexField(r"^[A-Z]{2}$", required=False)


class Progress(Shape):
    """Pieces done of all; `of` is 0 while the plan is being made."""

    done = serializers.IntegerField()
    of = serializers.IntegerField()


class VariationShown(Shape):
    """A variation of this client.

    `state` is WAITING_FOR_APPROVAL while holders, named in `waits_for`, want to hear it first;
    after a no it is DECLINED, `problem` says whose, and it may be asked for `without` their stems.

    Where a model writes notes, its share `model_ppm` is 0 until all is made and measured;
    meanwhile `ai_label` says that it will be.
    """

    id = serializers.UUIDField()
    title = serializers.CharField()
    mode = serializers.CharField()
    state = serializers.ChoiceField(choices=[str(one) for one in State if one != State.DISCARDED])
    waits_for = serializers.ListField(child=serializers.CharField())
    progress = Progress()
    duration_ms = serializers.IntegerField()
    tempo_bpm = serializers.FloatField(allow_null=True)
    key = serializers.CharField(allow_null=True)
    ai_label = serializers.CharField()
    human_ppm = serializers.IntegerField()
    model_ppm = serializers.IntegerField()
    remarks = serializers.ListField(child=serializers.CharField())
    formats = serializers.ListField(child=serializers.ChoiceField(choices=FORMATS))
    problem = serializers.DictField(allow_null=True)


class SegmentShown(Shape):
    """A piece that can be fetched: 24-bit FLAC, [start, end) samples at 48 kHz."""

    index = serializers.IntegerField()
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    url = serializers.CharField()


class PlaylistShown(Shape):
    """The segments there are, and the playback token under which plays are reported."""

    is_complete = serializers.BooleanField()
    sample_rate_hz = serializers.IntegerField()
    segments = SegmentShown(many=True)
    playback_token = serializers.CharField()
    hls_url = serializers.CharField()


class LineShown(Shape):
    """One source's share of a variation."""

    stem = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.CharField()
    recording = serializers.UUIDField()
    recording_title = serializers.CharField()
    party = serializers.CharField()
    ppm = serializers.IntegerField()


class AttributionShown(Shape):
    """Who is in it; `is_final` once the record is sealed. The shares sum to 1,000,000.

    `unattributed_ppm`: how much of what is heard an external net made, known once it is final.
    Nobody is credited for it; what it would have earned goes to the lines, in proportion.
    """

    is_final = serializers.BooleanField()
    policy = serializers.CharField()
    unattributed_ppm = serializers.IntegerField()
    lines = LineShown(many=True)


class ExternalShown(Shape):
    """A sound in it that an external net made: its weights, their terms, and what it was asked."""

    net = serializers.CharField()
    title = serializers.CharField()
    version = serializers.CharField()
    licence = serializers.CharField()
    commercial_ok = serializers.BooleanField()
    training_data_note = serializers.CharField()
    task = serializers.CharField()
    words = serializers.ListField(child=serializers.CharField())
    seed = serializers.IntegerField()
    digest = serializers.CharField()
    attribution = serializers.CharField()


class LicenceShown(Shape):
    """The licence record: what a partner keeps as proof."""

    id = serializers.UUIDField()
    state = serializers.CharField()
    may_serve = serializers.BooleanField()
    use = serializers.CharField()
    territory = serializers.CharField()
    channel = serializers.CharField()
    recipe_sha256 = serializers.CharField()
    terms_sha256 = serializers.CharField()
    windows_sha256 = serializers.CharField()
    policy = serializers.CharField()
    opened_at = serializers.DateTimeField()
    sealed_at = serializers.DateTimeField(allow_null=True)
    integrated_lufs = serializers.FloatField(allow_null=True)
    true_peak_dbtp = serializers.FloatField(allow_null=True)
    trim_db = serializers.FloatField(allow_null=True)
    chroma_likeness = serializers.FloatField(allow_null=True)
    onset_likeness = serializers.FloatField(allow_null=True)
    unattributed_ppm = serializers.IntegerField()
    external = ExternalShown(many=True)


class PlayReported(Asked):
    """What a client heard under a playback token; `id` is the client's own, for safe repeats."""

    id = serializers.CharField(max_length=100)
    playback_token = serializers.CharField()
    from_ms = serializers.IntegerField(min_value=0, max_value=POSITION_MOST_MS)
    until_ms = serializers.IntegerField(min_value=1, max_value=POSITION_MOST_MS)


class UsagesReported(Asked):
    """At most 100 plays in one call."""

    plays = serializers.ListField(child=PlayReported(), min_length=1, max_length=100)


class PlayAnswer(Shape):
    """What became of one play; `reason` says why it does not count."""

    id = serializers.CharField()
    accepted = serializers.BooleanField()
    reason = serializers.CharField(allow_null=True)


class UsagesAnswered(Shape):
    """One answer per play, in the order they came."""

    results = PlayAnswer(many=True)


class WithdrawalShown(Shape):
    """A withdrawal that touches this client's variations; copies must be gone by `deadline`."""

    id = serializers.UUIDField()
    recording = serializers.UUIDField()
    stem = serializers.UUIDField()
    uses = serializers.ListField(child=serializers.CharField())
    effect = serializers.ChoiceField(["SUNSET", "TAKE_DOWN"])
    withdrawn_at = serializers.DateTimeField()
    deadline = serializers.DateTimeField()
    variations = serializers.ListField(child=serializers.UUIDField())
    confirmed_at = serializers.DateTimeField(allow_null=True)


class WithdrawalsPage(Shape):
    """A page of them; `next` continues after it, also when nothing has come since."""

    items = WithdrawalShown(many=True)
    next = serializers.CharField(allow_null=True)
