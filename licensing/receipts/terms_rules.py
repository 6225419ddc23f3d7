"""When terms and rate cards may begin, and why one cannot; values only.

Invariant: what was agreed for a month holds for all of it, so another word begins with a month that
has not begun.
"""

from datetime import datetime

from licensing.ledger.rules import month_of, month_start


class TermsRefused(Exception):
    """What cannot be set; `code` is stable, the message is for a person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def check_ahead(effective_from: datetime, now: datetime) -> None:
    """Raise TermsRefused("not_ahead") unless it is the beginning of a month (UTC) after this one's.

    In a month that has begun something was paid or played already.
    """
    month = month_of(effective_from)
    if effective_from != month_start(month) or month <= month_of(now):
        raise TermsRefused("not_ahead", "Choose a month that has not begun: none is changed after.")


def check_not_past(effective_from: datetime, now: datetime) -> None:
    """Raise TermsRefused("not_ahead") for what would hold for something that happened before."""
    if effective_from < now:
        raise TermsRefused("not_ahead", "What has happened keeps the terms that it had.")


def check_reason(reason: str) -> str:
    """The reason without spaces around it. Raises TermsRefused("no_reason")."""
    if not reason.strip():
        raise TermsRefused("no_reason", "Write the reason: it goes into the record.")
    return reason.strip()
