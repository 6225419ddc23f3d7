"""Whose yes is needed where several hold a recording: everybody's, a majority's, or one party's.

Pure. It refuses to know rows and grants: holders and who of them says yes come in as values.
Invariant: without an agreement everybody's yes is needed, and a larger set of yeses never turns a
reached quorum into one that is not.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

ALL, MAJORITY, AUTHORITY = "ALL", "MAJORITY", "AUTHORITY"
HALF_PPM = 500_000


@dataclass(frozen=True, slots=True)
class Quorum:
    """What the holders of a recording have agreed on. `authority` speaks for all of them."""

    kind: str = ALL
    authority: UUID | None = None

    def is_reached(self, shares: Iterable[tuple[UUID, str, int]], yes: Collection[UUID]) -> bool:
        """Whether the parties in `yes` are enough. `shares`: (party, right, ppm of that right).

        A majority is more than half of the shares of each right, counted by itself.
        """
        if self.kind == AUTHORITY:
            return self.authority in yes
        lines = list(shares)
        if self.kind == ALL:
            return all(party in yes for party, _, _ in lines)
        said: dict[str, int] = {right: 0 for _, right, _ in lines}
        for party, right, ppm in lines:
            said[right] += ppm if party in yes else 0
        return bool(said) and all(ppm > HALF_PPM for ppm in said.values())


EVERYBODY = Quorum()
NOBODY_FOR_OTHERS = frozenset({"VOICE", "TRAINING"})
"""Uses that are personal: each holder permits them alone, whatever the holders agreed on."""


def quorum_for(use: str, agreed: Quorum) -> Quorum:
    """Whose yes a use needs, of what was agreed on."""
    return EVERYBODY if use in NOBODY_FOR_OTHERS else agreed


def quorum_text(*, kind: str, recording: str, authority: str, basis: str) -> str:
    """What holders read and sign; the same words for the same agreement, always."""
    said = {
        ALL: "every party on the split sheets of the recording has granted it",
        MAJORITY: "parties with more than half of the master shares, and with more than half of "
        "the publishing shares, have granted it",
        AUTHORITY: f"{authority} has granted it, who speaks for all parties on the split sheets",
    }[kind]
    body = [
        "AGREEMENT ON CONSENT",
        f"Recording: {recording}",
        "",
        f"A use of stems of this recording is permitted once {said}.",
        "Training of AI models and uses of a voice as a likeness are not meant: each party on the",
        "split sheets permits those for itself.",
    ]
    if basis:
        body += ["", "Basis:", basis]
    body += [
        "",
        "It counts once every party on the split sheets has signed it, and until a later agreement",
        "counts. What was granted or withdrawn before stays as it is. A party that has granted can",
        "withdraw its own grant at any time.",
    ]
    return "\n".join(body) + "\n"


def text_sha256(text: str) -> str:
    """SHA-256 of a text's UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
