"""The JSON shapes of a listener's taste: what comes in, checked; what goes out, described.

Attributes run from -1 to 1, with 0 in the middle.
"""

from rest_framework import serializers

from generation.taste.rules.attributes import ATTRIBUTES
from portal.partners.shapes import Asked, Shape

# Novelty is not told apart for a partner's listeners: what they heard before is the partner's.
_SAID_OF = tuple(name for name in ATTRIBUTES if name != "novelty")


class LeaningShown(Shape):
    """What is believed about one attribute: a sentence to show the listener, and its numbers.

    `best`: where it is liked most; four times in five it lies between `low` and `high`.
    """

    attribute = serializers.ChoiceField(choices=ATTRIBUTES)
    name = serializers.CharField()
    ends = serializers.ListField(child=serializers.CharField(), min_length=2, max_length=2)
    sentence = serializers.CharField()
    best = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class TasteShown(Shape):
    """What is believed of one listener of yours. `said`, `plays`: how many words and plays it rests
    on; `decisions`: how many it took.
    """

    customer = serializers.CharField()
    is_on = serializers.BooleanField()
    learns_plays = serializers.BooleanField()
    said = serializers.IntegerField()
    plays = serializers.IntegerField()
    decisions = serializers.IntegerField()
    leanings = LeaningShown(many=True)


class TasteMoved(Asked):
    """What to change; every field may be left out.

    `learns_plays`: whether the plays you report teach it a little. Send true only where this
    listener agreed to that; false forgets what was learned so. `ideals`: where an attribute is best
    for them, or null where it does not matter.
    """

    is_on = serializers.BooleanField(required=False)
    learns_plays = serializers.BooleanField(required=False)
    ideals = serializers.DictField(
        child=serializers.FloatField(min_value=-1, max_value=1, allow_null=True), required=False
    )

    def validate_ideals(self, ideals: dict[str, float | None]) -> dict[str, float | None]:
        """Raises ValidationError for an attribute that there is not."""
        unknown = sorted(set(ideals) - set(ATTRIBUTES))
        if unknown:
            known = ", ".join(ATTRIBUTES)
            raise serializers.ValidationError(f"There is no such attribute; there are: {known}.")
        return ideals


class WordSaid(Asked):
    """One word of a listener about a variation they heard.

    Without `attribute`: LIKE or SKIP, of the whole; with it: MORE or LESS. An empty `said` takes
    the word back.
    """

    customer = serializers.CharField(max_length=60)
    variation = serializers.UUIDField()
    attribute = serializers.ChoiceField(
        choices=_SAID_OF, required=False, allow_blank=True, default=""
    )
    said = serializers.ChoiceField(choices=("LIKE", "SKIP", "MORE", "LESS"), allow_blank=True)

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        """Raises ValidationError for a word that does not go with its attribute."""
        words = ("", "MORE", "LESS") if attrs["attribute"] else ("", "LIKE", "SKIP")
        if attrs["said"] not in words:
            told = "MORE or LESS of an attribute" if attrs["attribute"] else "LIKE or SKIP"
            raise serializers.ValidationError({"said": f"Say {told}, or nothing."})
        return attrs


class WordTaken(Shape):
    """Whether it was taken: not where taste is switched off."""

    taken = serializers.BooleanField()
