"""Why something about deductions cannot be done; a code for programs, a sentence for people."""

from licensing.four_eyes import is_same_person


class DeductionRefused(Exception):
    """What cannot be done; `code` is stable, the message is for a person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def check_second_person(first: str, second: str) -> None:
    """Raise DeductionRefused("same_person") unless two people decide."""
    if is_same_person(first, second):
        raise DeductionRefused("same_person", "Somebody else than who proposed it confirms it.")


def check_reason(reason: str) -> str:
    """The reason without spaces around it; DeductionRefused("no_reason") when nothing is left."""
    if not reason.strip():
        raise DeductionRefused("no_reason", "Say why.")
    return reason.strip()
