"""Who is paid a share of a sheet, on plain values: its party, or the society that collects it.

These rules are the oracle of the SQL in `holders_sql`, which tests hold against them. Where a play
was heard is recorded nowhere; every licence is for one territory, and money follows the licence.
Invariant: a society is paid exactly where clearing asks for its licence, and what a share comes to
never depends on who is paid it.
"""

from dataclasses import dataclass

from licensing.catalog.rules import collects_in

PARTY, SOCIETY = "party", "society"
"""Kinds of payees; what waits for a sheet or a seal has others."""
NOT_COLLECTED = "does not collect where this is licensed"
"""What a line of a party says after the name of a society that collects its share elsewhere."""


@dataclass(frozen=True, slots=True)
class Held:
    """One share as a sheet says who collects it. `society` is empty for a party or a publisher, who
    are paid as the party; no `territories` mean the world.
    """

    party: str
    society: str = ""
    territories: tuple[str, ...] = ()


def payee_of(held: Held, licensed_for: str) -> tuple[str, str]:
    """(kind, ref) of who is paid a share of what was licensed for a territory."""
    if held.society and collects_in(held.territories, licensed_for):
        return SOCIETY, held.society
    return PARTY, held.party
