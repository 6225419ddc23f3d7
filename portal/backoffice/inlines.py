"""Rows under a page, shown like the page: nothing can be added, changed or deleted."""

from typing import Any

from django.http import HttpRequest
from unfold.admin import TabularInline

from portal.backoffice.amounts import shown


class ReadOnlyInline(TabularInline):
    """A table of rows that hang on the page's row."""

    extra = 0
    can_delete = False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return shown(self.fields) if self.fields else super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Those that are functions of a row must stand here too."""
        return shown(self.fields) if self.fields else super().get_readonly_fields(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(getattr(request.user, "is_staff", False))
