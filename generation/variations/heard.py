"""A variation as something that can be liked: what is known of its attributes.

It reads what was asked and what sounds; it refuses to know beliefs. Invariant: drums and vocals
are what was measured of them in what is stored, not what was asked for.
"""

from uuid import UUID

from generation.taste.rules.attributes import Heard, from_share, from_tempo, known_of_targets
from generation.variations.models import Variation
from generation.variations.queries import credits_of, variation_view
from licensing.attribution.models import LicenceSource

CUSTOMER = "customer"


def heard(variation_id: UUID | str, listener: tuple[str, str]) -> Heard:
    """What `listener` heard; raises Variation.DoesNotExist.

    An attribute of which nothing is known is left out; so is novelty for a partner's customer, who
    asks for nothing by name.
    """
    view = variation_view(variation_id)
    known = known_of_targets(dict(view.targets))
    known.pop("tempo", None)
    if view.tempo_bpm:
        known["tempo"] = from_tempo(view.tempo_bpm)
    credits = credits_of(variation_id)
    if credits:
        for name in ("vocals", "drums"):
            ppm = sum(one.ppm for one in credits if one.source.role == name)
            known[name] = from_share(ppm / 1_000_000)
    recordings = {one.id for one in view.recordings}
    if recordings and listener[0] != CUSTOMER:
        new = recordings - heard_before(variation_id, listener)
        known["novelty"] = 2.0 * len(new) / len(recordings) - 1.0
    return Heard(str(variation_id), known, view.mode)


def heard_before(variation_id: UUID | str, requester: tuple[str, str]) -> set[UUID]:
    """The recordings in what the requester asked for before this one."""
    before = Variation.objects.filter(
        request__requester_kind=requester[0],
        request__requester_ref=requester[1],
        created_at__lt=Variation.objects.filter(pk=variation_id).values("created_at")[:1],
        record__isnull=False,
    )
    sources = LicenceSource.objects.filter(record__in=before.values("record"))
    return set(sources.values_list("stem__recording", flat=True))
