"""Two people and a second factor: what is asked where money leaves us or changes hands.

Values only. It refuses to know logins and sessions: a person is a reference, a proof is how and
when somebody last showed more than a password. Invariant: whoever began something never ends it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

PROOF_LASTS = timedelta(minutes=5)
SECOND_FACTORS = frozenset({"totp", "webauthn"})


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """How and when somebody last proved who they are by more than a password."""

    method: str
    at: datetime


class NotProved(Exception):
    """A second factor is missing or old; `code` is stable, the message is for a person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def is_same_person(first: str, second: str) -> bool:
    """Whether the second person is missing, or the first one again."""
    return not second or first == second


def check_proof(proof: SecondFactor | None, now: datetime) -> SecondFactor:
    """The proof, when it is one and not older than five minutes.

    Raises NotProved: no_second_factor, stale_second_factor.
    """
    if proof is None or proof.method not in SECOND_FACTORS:
        raise NotProved("no_second_factor", "Prove first who you are by a second factor.")
    if not now - PROOF_LASTS <= proof.at <= now:
        raise NotProved("stale_second_factor", "Your second factor is older than five minutes.")
    return proof


def check_four_eyes(
    first: str,
    second: str,
    proof: SecondFactor | None,
    now: datetime,
    *,
    refused: Callable[[str, str], Exception],
    sentence: str = "Somebody else than who proposed it confirms it.",
) -> SecondFactor:
    """The proof under which `second` ends what `first` began.

    Raises what `refused` makes of (code, sentence): same_person with `sentence`, no_second_factor,
    stale_second_factor.
    """
    if is_same_person(first, second):
        raise refused("same_person", sentence)
    try:
        return check_proof(proof, now)
    except NotProved as missing:
        raise refused(missing.code, str(missing)) from missing
