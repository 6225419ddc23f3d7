"""Rows that are shown, never edited: the only kind of page for consent and money."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from portal.backoffice.second_person import MAY_DECIDE


class ReadOnlyAdmin(ModelAdmin):
    """A list and a page of every field; staff may look, nobody may add, change or delete."""

    list_per_page = 50
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_staff", False))

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(getattr(request.user, "is_staff", False))

    def has_decide_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For the deeds that decide about money; unfold asks by this name."""
        return bool(request.user.has_perm(MAY_DECIDE))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
