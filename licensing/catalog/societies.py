"""Societies by one name each: whatever letters somebody types, shares and accounts say the same.

It refuses to know agreements and money. Invariant: two names that differ in capitals, spaces or the
way their accents are written are one society, called as it was called first.
"""

from datetime import datetime

from licensing.catalog.models import Society
from licensing.catalog.rules import clean_name


def society_key(name: str) -> str:
    """A name in one form of letters. Raises CatalogRefused for an empty or unprintable one."""
    return clean_name(name, "administrator", 100).casefold()


def find_society(name: str) -> Society | None:
    """The society of this name, however it is written; None for one that nobody has named yet."""
    return Society.objects.filter(key=society_key(name)).first()


def society_named(name: str, now: datetime) -> str:
    """The society's one name here; the first to name it decides how it is written."""
    plain = clean_name(name, "administrator", 100)
    row, _ = Society.objects.get_or_create(
        key=society_key(name), defaults={"name": plain, "created_at": now}
    )
    return row.name
