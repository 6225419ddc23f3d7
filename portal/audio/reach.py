"""Which variations a listener reaches, and whether they may be heard at this moment.

It refuses to say why not: missing, foreign and withdrawn are all None. Invariant: nothing is
returned that is neither the listener's own nor opened to others by its visibility.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from generation.variations.approving import note_served
from generation.variations.models import Variation
from generation.variations.rules import AUDIBLE
from licensing.attribution.queries import may_serve

Listener = tuple[str, str]


def customer_of(client: Listener, name: str) -> Listener:
    """A partner's customer as a listener of their own; `name` is the partner's word for them."""
    return ("customer", f"{client[1]}:{name}")


def asker_of(listener: Listener) -> Listener:
    """Whose requests this listener hears as their own: a customer the partner's, others theirs."""
    kind, ref = listener
    return ("client", ref.partition(":")[0]) if kind == "customer" else listener


def variation_for(listener: Listener, variation_id: UUID | str) -> Variation | None:
    """The variation with request and record, when it is the listener's own or not private."""
    kind, ref = asker_of(listener)
    mine = Q(request__requester_kind=kind, request__requester_ref=ref)
    rows = Variation.objects.select_related("request", "record")
    return rows.filter(mine | Q(visibility__in=["LINK", "CATALOG"]), id=variation_id).first()


def is_own(listener: Listener, variation: Variation) -> bool:
    """True when the listener asked for it, or the partner whose customer they are."""
    request = variation.request
    return (request.requester_kind, request.requester_ref) == asker_of(listener)


def audible_for(listener: Listener, variation_id: UUID | str, now: datetime) -> Variation | None:
    """The variation, when it may be served to this listener at this moment, which then counts as
    the moment after which a holder's yes to it stands.
    """
    variation = variation_for(listener, variation_id)
    if variation is None or not may_sound(variation, now):
        return None
    return variation if note_served(variation, now) else None


def may_sound(variation: Variation, now: datetime) -> bool:
    """Whether its sound may be handed out now, to whoever reaches it: state and licence say yes."""
    if variation.record_id is None or variation.state not in AUDIBLE:
        return False
    return may_serve(variation.record_id, now)
