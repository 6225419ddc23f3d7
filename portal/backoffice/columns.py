"""Columns of the desk's pages as functions of a row: names for references, numbers as people read.

Invariant: what a column shows is what the database holds, in other words; a list shows the name, a
page of one row the reference below it in small print.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from portal.backoffice import names, worded
from portal.backoffice.amounts import shown

Column = Callable[[Any], str]


def columns(
    model: type[models.Model], asked: Sequence[Any], *, with_ids: bool = False
) -> tuple[Any, ...]:
    """The columns by name, those that people would misread as functions of a row."""
    return tuple(
        (_column(model, name, with_ids) or name) if isinstance(name, str) else name
        for name in shown(asked)
    )


def foreign_keys(model: type[models.Model], asked: Sequence[Any]) -> list[str]:
    """Those of the columns that are rows of other tables, to be loaded with their row."""
    texts = [name if isinstance(name, str) else getattr(name, "__name__", "") for name in asked]
    return [name for name in texts if _related(model, name) is not None]


@cache
def _column(model: type[models.Model], name: str, with_ids: bool) -> Column | None:
    """A column is the same function each time: Django leaves out what stands in two lists."""
    if name in names.references_of(model):
        return _titled(name, lambda row: _reference(row, name, with_ids))
    related = _related(model, name)
    if related is not None and names.references_of(related):
        return _titled(name, lambda row: _row(getattr(row, name), with_ids))
    return worded.column(model, name)


def _related(model: type[models.Model], name: str) -> type[models.Model] | None:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    is_key = isinstance(field, models.ForeignKey)
    return field.related_model if is_key else None


def _titled(name: str, text: Column) -> Column:
    def column(row: Any) -> str:
        return text(row)

    column.__name__ = name
    told: Any = column
    told.short_description = name.removesuffix("_ref").replace("_", " ").capitalize()
    return column


def _reference(row: models.Model, name: str, with_ids: bool) -> str:
    _, ref = names.reference(row, name)
    said = names.name_in(row, name)
    if not said:
        return "-"
    if not with_ids or said == ref:
        return said
    return format_html("{}<br><small>{}</small>", said, ref)


def _row(row: models.Model | None, with_link: bool) -> str:
    if row is None:
        return "-"
    said = names.said(row)
    if not with_link:
        return said
    page = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    try:
        address = reverse(page, args=[row.pk])
    except NoReverseMatch:
        return said
    return format_html('<a href="{}">{}</a>', address, said)
