"""Rows that are shown, never edited: the only kind of page for consent and money.

A deed that a row is past is not offered on its page; opened all the same, it answers with the
refusal of the room below.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.dataclasses import UnfoldAction

from licensing.given import NOT_RECORDED
from portal.backoffice.columns import columns, foreign_keys
from portal.backoffice.names import name_rows, refers_to, said
from portal.backoffice.second_person import MAY_DECIDE, MAY_DECIDE_RIGHTS

HOW_GIVEN = frozenset(NOT_RECORDED.fields())


class ReadOnlyAdmin(ModelAdmin):
    """A list and a page of every field; staff may look, nobody may add, change or delete."""

    deeds_while: ClassVar[Mapping[str, object]] = {}
    """What a row must be so that its deeds can be done, by field; empty: whatever it is."""

    list_per_page = 50
    show_full_result_count = False

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        return columns(self.model, super().get_list_display(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        asked = super().get_fields(request, obj)
        # How a consent was given comes after what it says.
        asked = sorted(asked, key=lambda name: name in HOW_GIVEN)
        return columns(self.model, asked, with_ids=True)

    def get_list_select_related(self, request: HttpRequest) -> Any:
        """Rows of other tables are loaded with their row, also where there may be none."""
        return self.list_select_related or foreign_keys(self.model, self.list_display)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        name_rows(found.result_list)
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """What is found by its columns, or by the name of who it is about."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if search_term:
            found = found | queryset.filter(refers_to(self.model, search_term))
        return found, may_repeat

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A page is headed by its row in words, with names."""
        row = self.get_object(request, object_id) if object_id else None
        headed = {"subtitle": said(row)} if row is not None else {}
        return super().changeform_view(request, object_id, form_url, headed | (extra_context or {}))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_staff", False))

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(getattr(request.user, "is_staff", False))

    def has_decide_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For the deeds that decide about money; unfold asks by this name."""
        return bool(request.user.has_perm(MAY_DECIDE))

    def has_decide_rights_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For the deeds that decide about rights: holds, claims, sheets, societies, codes."""
        return bool(request.user.has_perm(MAY_DECIDE_RIGHTS))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def can_be_done(self, row: Any, deed: str) -> bool:
        """Whether a deed (the end of its address) fits the row as it stands."""
        return all(getattr(row, name) == value for name, value in self.deeds_while.items())

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """The deeds that fit, for unfold's row of buttons."""
        offered: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        row = self.get_object(request, str(object_id)) if offered else None
        return [one for one in offered if row is None or self.can_be_done(row, str(one.path))]
