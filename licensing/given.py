"""How a yes or a no was given: how surely by whom, read in which language, from where, on paper.

Values only, the same for sheets, grants, withdrawals, approvals and agreements. It refuses to know
logins and addresses: whoever was confirmed how is told in words, and where a request came from as
a digest under a key that only the operator has. Invariant: what was not recorded is empty, and is
never filled in later.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

_DIGEST = re.compile(r"[0-9a-f]{64}")


class OddProof(ValueError):
    """Something said of how a yes was given cannot be; the message is one sentence."""


class Strength(StrEnum):
    """How surely it was who it was; empty where that was not recorded."""

    NOT_RECORDED = ""
    SESSION = "SESSION"
    ONE_FACTOR = "ONE_FACTOR"
    TWO_FACTORS = "TWO_FACTORS"
    PASSKEY = "PASSKEY"
    DESK = "DESK"
    COMMAND = "COMMAND"


STRENGTHS = [
    (Strength.NOT_RECORDED.value, "not recorded then"),
    (Strength.SESSION.value, "a session that had nothing to ask for"),
    (Strength.ONE_FACTOR.value, "one factor"),
    (Strength.TWO_FACTORS.value, "two factors"),
    (Strength.PASSKEY.value, "a passkey"),
    (Strength.DESK.value, "recorded at the desk"),
    (Strength.COMMAND.value, "by a command of the operator"),
]


@dataclass(frozen=True, slots=True)
class Given:
    """How it was given. `method` in words, as "passkey, given again"; `locale` of the text shown.

    `source_hmac`: the address it came from, in hex under the operator's key. `evidence_sha256`: the
    document that it rests on. Raises OddProof for what is neither empty nor 64 hex digits.
    """

    method: str = ""
    strength: Strength = Strength.NOT_RECORDED
    locale: str = ""
    source_hmac: str = ""
    evidence_sha256: str = ""

    def __post_init__(self) -> None:
        for digest in (self.source_hmac, self.evidence_sha256):
            if digest and not _DIGEST.fullmatch(digest):
                raise OddProof("A digest is 64 hex digits.")
        if len(self.method) > 40 or len(self.locale) > 20:
            raise OddProof("How it was given is said in 40 characters, a language in 20.")

    def fields(self) -> dict[str, str]:
        """What a row keeps of it, by the names of its columns."""
        return {
            "method": self.method,
            "strength": self.strength.value,
            "locale": self.locale,
            "source_hmac": self.source_hmac,
            "evidence_sha256": self.evidence_sha256,
        }


NOT_RECORDED = Given()
"""Of rows from before it was asked, and of operations that nobody called from a page."""
