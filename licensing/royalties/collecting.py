"""Who was paid the shares of a sheet in a closed month: the party, or the society that collects.

Read from frozen lines and signed sheets. A month that was closed under another rule is told as it
was paid; a party that was paid what its society collects is a mistake of the books.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from licensing.catalog.models import Share
from licensing.royalties.models import StatementLine
from licensing.royalties.rules.payees import PARTY, Held, payee_of


class PaidTheParty(Exception):
    """A frozen line paid the party what its society was to collect."""


@dataclass(frozen=True, slots=True)
class PaidDirectly:
    """Why a share that a society collects was paid to its party: where the society collects, and
    for which territory the sound was licensed.
    """

    society: str
    collects_in: tuple[str, ...]
    licensed_for: str


def collectors_of(line: StatementLine, shares: Iterable[Share]) -> dict[UUID, str]:
    """Who collected each of these shares of a line's division, by party; '' for the party itself.

    One query where a society collects in some territories alone, none otherwise.
    """
    shares = list(shares)
    itself = _paid_themselves(line) if any(map(_has_places, shares)) else set()
    return {
        share.party_id: ""
        if _has_places(share) and share.party_id in itself
        else share.administrator
        for share in shares
    }


def paid_directly(line: StatementLine, shares: Iterable[Share]) -> PaidDirectly | None:
    """Why the party of a line was paid its share and not its society; None where none collects it
    or it was paid. Raises PaidTheParty.
    """
    share = next((one for one in shares if one.party_id == line.party_id), None)
    if share is None or line.record is None or line.statement.payee_kind != PARTY:
        return None
    if share.administered_by != Share.AdministeredBy.SOCIETY:
        return None
    places, licensed_for = tuple(share.administrator_territories), line.record.clearance.territory
    held = Held(str(share.party_id), share.administrator, places)
    if payee_of(held, licensed_for) != (PARTY, held.party):
        raise PaidTheParty(f"{held.society} collects in {licensed_for}, {line.pk} paid the party")
    return PaidDirectly(held.society, places, licensed_for)


def _has_places(share: Share) -> bool:
    """Whether a society collects it, in some territories alone."""
    by_society = share.administered_by == Share.AdministeredBy.SOCIETY
    return by_society and bool(share.administrator_territories)


def _paid_themselves(line: StatementLine) -> set[UUID]:
    """The parties to whom the close paid a part of what this line was divided from."""
    beside = StatementLine.objects.filter(
        record=line.record_id,
        variation_sum=line.variation_sum_id,
        stem=line.stem_id,
        right=line.right,
        statement__payee_kind=PARTY,
    )
    return {ref for ref in beside.values_list("party_id", flat=True) if ref}
