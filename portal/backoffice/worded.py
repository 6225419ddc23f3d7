"""Columns that hold words of the code, countries, months or long text, as people read them.

`OPEN` is said "open", `DE` "Germany (DE)", the first of a month "October 2026"; a small record is
told line by line; a text keeps its lines. Invariant: only how a value is said changes, never which
value it is, and a column is still sorted by what the database holds.
"""

import json
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.html import format_html, format_html_join

from portal.accounts.countries import country_name

Column = Callable[[Any], str]
_CODE_WORD = re.compile(r"[A-Z][A-Z]+(_[A-Z]+)*")
# Columns of words of the code. Others stay as they are: names may well be written in capitals.
_WORDS = frozenset(
    {"kind", "mode", "model", "outcome", "reasons", "right", "side", "state", "unit", "use", "uses"}
)
_COUNTRIES = frozenset({"country", "territory"})
_PLAIN = (str, int, float, bool, type(None))
_LONGEST_RECORD = 24


@cache
def column(model: type[models.Model], name: str) -> Column | None:
    """A column as a function of a row, where the stored value is none that people read."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    if not isinstance(field, models.Field):
        return None
    saying = _saying(field)
    return None if saying is None else _told(field, saying)


def said(word: str) -> str:
    """A word of the code in small letters and without underscores; any other text as it is."""
    return word.lower().replace("_", " ") if _CODE_WORD.fullmatch(word) else word


def _saying(field: "models.Field[Any, Any]") -> Callable[[Any], Any] | None:
    if field.name in _COUNTRIES:
        return _country
    if field.name.endswith("_sha256"):
        return _digest
    if isinstance(field, models.JSONField):
        return _record
    if isinstance(field, models.TextField):
        return _text
    if isinstance(field, models.DateField) and field.name.endswith("month"):
        return _month
    if field.choices or not (field.name in _WORDS or field.name.endswith("_kind")):
        return None
    if isinstance(field, ArrayField):
        return _words
    return said if isinstance(field, models.CharField) else None


def _told(field: "models.Field[Any, Any]", saying: Callable[[Any], Any]) -> Column:
    def told(row: Any) -> str:
        value = getattr(row, field.name)
        return "-" if value in (None, "", [], {}) else saying(value)

    told.__name__ = field.name
    about: Any = told
    title = str(field.verbose_name).replace("sha256", "SHA-256")
    about.short_description = title[:1].upper() + title[1:]
    about.admin_order_field = field.name
    return told


def _words(values: list[str]) -> str:
    return ", ".join(map(said, values))


def _country(code: str) -> str:
    name = country_name(code)
    return code if name == code else f"{name} ({code})"


def _month(day: date) -> str:
    return f"{day:%B %Y}"


def _text(text: str) -> str:
    return (
        format_html('<span style="white-space: pre-wrap">{}</span>', text) if "\n" in text else text
    )


def _digest(digest: str) -> str:
    return format_html('<code style="overflow-wrap: anywhere">{}</code>', digest)


def _record(value: Any) -> str:
    """A small record line by line; what lies deeper, as JSON that stays within the page."""
    if isinstance(value, dict) and len(value) <= _LONGEST_RECORD:
        parts = {name: _part(one) for name, one in value.items()}
        if all(one is not None for one in parts.values()):
            lines = ((str(name).replace("_", " "), one) for name, one in parts.items())
            return format_html_join("", "{}: {}<br>", lines)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
    return format_html(
        '<code style="white-space: pre-wrap; overflow-wrap: anywhere">{}</code>', text
    )


def _part(value: Any) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "-"
    if isinstance(value, list) and all(isinstance(one, _PLAIN) for one in value):
        return ", ".join(map(str, value)) or "-"
    return str(value) if isinstance(value, _PLAIN) else None
