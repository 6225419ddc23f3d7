"""Why something about deductions cannot be done; a code for programs, a sentence for people."""

from datetime import datetime

from licensing.four_eyes import NotProved, SecondFactor, check_proof, is_same_person


class DeductionRefused(Exception):
    """What cannot be done; `code` is stable, the message is for a person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def check_second_person(first: str, second: str) -> None:
    """Raise DeductionRefused("same_person") unless two people decide."""
    if is_same_person(first, second):
        raise DeductionRefused("same_person", "Somebody else confirms this.")


def check_reason(reason: str) -> str:
    """The reason without spaces around it; DeductionRefused("no_reason") when nothing is left."""
    if not reason.strip():
        raise DeductionRefused("no_reason", "Say why.")
    return reason.strip()


def check_four_eyes(
    first: str, second: str, proof: SecondFactor | None, now: datetime
) -> SecondFactor:
    """The proof under which `second` ends what `first` began.

    Raises DeductionRefused: same_person, no_second_factor, stale_second_factor.
    """
    check_second_person(first, second)
    try:
        return check_proof(proof, now)
    except NotProved as error:
        raise DeductionRefused(error.code, str(error)) from error
