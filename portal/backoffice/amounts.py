"""How the desk's pages show numbers of the books: amounts in units, shares in percent.

Columns hold micro-units and parts per million; people misread both. Invariant: nothing is rounded,
and a column is still sorted by what the database holds.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from licensing.money import amount_text, minor_text
from portal.artists.words import percent

Column = Callable[[Any], str]
# A column is the same function each time: Django leaves out of a form what stands in two lists.
_MICROS, _PPM, _MINOR = "_micros", "_ppm", "_minor"


def shown(names: Sequence[Any]) -> tuple[Any, ...]:
    """The columns by name, those with amounts and shares as functions of a row."""
    return tuple(_column(name) if isinstance(name, str) else name for name in names)


@cache
def _column(name: str) -> str | Column:
    if name.endswith(_MICROS):
        return _named(name, _titled(name, _MICROS), _amount)
    if name.endswith(_MINOR):
        return _named(name, _titled(name, _MINOR), _paid)
    if name.endswith(_PPM):
        return _named(name, f"{_titled(name, _PPM)}, percent", lambda row, value: percent(value))
    return name


def _titled(name: str, ending: str) -> str:
    return name.removesuffix(ending).replace("_", " ").capitalize()


def _named(name: str, title: str, text: Callable[[Any, int], str]) -> Column:
    def column(row: Any) -> str:
        value = getattr(row, name)
        return "-" if value is None else text(row, value)

    column.__name__ = name
    told: Any = column
    told.short_description = title
    told.admin_order_field = name
    return column


def _amount(row: Any, micros: int) -> str:
    return f"{amount_text(micros)} {_currency_of(row)}".rstrip()


def _currency_of(row: Any) -> str:
    """That of the row, or of the row it hangs on, as far as that was loaded with it."""
    state = getattr(row, "_state", None)
    over = state.fields_cache.values() if state is not None else ()
    found = (getattr(one, "currency", "") for one in (row, *over))
    return next((one for one in found if one), "")


def _paid(row: Any, minor: int) -> str:
    return f"{minor_text(minor, row.currency)} {row.currency}"
