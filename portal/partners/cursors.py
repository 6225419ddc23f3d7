"""Signed, opaque page marks: where the last page ended, in an order that never moves."""

from datetime import datetime
from typing import Any

from django.core import signing

from portal.partners.problems import Problem

SALT = "partner-cursor"
LARGEST_PAGE = 100


def write(at: datetime, ref: Any) -> str:
    """The mark after the row with this moment and id."""
    return signing.dumps([at.isoformat(), str(ref)], salt=SALT, compress=False)


def read(text: str) -> tuple[datetime, str] | None:
    """Where a mark points; None for no mark. Raises a 400 problem for one that is not ours."""
    if not text:
        return None
    try:
        at, ref = signing.loads(text, salt=SALT)
    except signing.BadSignature as error:
        raise Problem(400, "bad_cursor", "Use the cursor of the last answer unchanged.") from error
    return datetime.fromisoformat(at), ref


def page_size(text: str | None) -> int:
    """The `limit` of a list call, 1 to 100, 20 when missing; raises a 400 problem otherwise."""
    if text is None:
        return 20
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= LARGEST_PAGE:
        raise Problem(400, "bad_limit", f"`limit` is a number from 1 to {LARGEST_PAGE}.")
    return int(text)
