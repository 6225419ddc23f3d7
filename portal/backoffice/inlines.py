"""Rows under a page, shown like the page: nothing can be added, changed or deleted."""

from typing import Any

from django.db import models
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from unfold.admin import TabularInline

from portal.backoffice.columns import columns, foreign_keys
from portal.backoffice.names import name_rows


class NamedRows(BaseInlineFormSet):
    """The rows of a table, with the names of all of them looked up at once."""

    def get_queryset(self) -> Any:
        is_first = not hasattr(self, "_queryset")
        rows = super().get_queryset()
        if is_first:
            name_rows(rows)
        return rows


class ReadOnlyInline(TabularInline):
    """A table of rows that hang on the page's row."""

    formset = NamedRows
    # A row's title would say again what its columns say, with references for names.
    hide_title = True
    extra = 0
    can_delete = False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return columns(self.model, self._asked())

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Those that are functions of a row must stand here too."""
        return columns(self.model, self._asked())

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*foreign_keys(self.model, self._asked()))

    def _asked(self) -> tuple[str, ...]:
        """The columns as the table names them; otherwise all but the key to the page's row."""
        if self.fields:
            return tuple(self.fields)
        every = self.model._meta.concrete_fields
        return tuple(
            one.name
            for one in every
            if one.editable and not one.primary_key and one.related_model is not self.parent_model
        )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(getattr(request.user, "is_staff", False))
