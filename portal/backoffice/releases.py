"""The desk's pages of releases and works: a code is given out, works go out as a file.

Giving a code cannot be undone, and its page says so first; it goes through the operation alone.
"""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import action

from licensing.attribution.models import LicenceRecord
from licensing.catalog.identifiers import format_isrc
from licensing.releases.operations import release_variation
from licensing.releases.queries import list_works
from portal.artists.works import download
from portal.backoffice.deeds import ReasonForm, ask_and_do, list_of, staff_actor
from portal.backoffice.readonly import ReadOnlyAdmin


class ReleaseForm(ReasonForm):
    """What is released, under which title."""

    record = forms.UUIDField(
        label="Licence record", error_messages={"invalid": "Write the licence record's id."}
    )
    title = forms.CharField(max_length=200, label="Title of the release")
    field_order = ("record", "title", "reason")

    def clean_record(self) -> LicenceRecord:
        record = LicenceRecord.objects.filter(pk=self.cleaned_data["record"]).first()
        if record is None:
            raise forms.ValidationError("No licence record has this id.")
        return record


class ReleaseAdmin(ReadOnlyAdmin):
    """Variations that were released under a code of their own."""

    list_display = ("isrc", "title", "record", "released_at")
    list_select_related = ("record",)
    search_fields = ("isrc", "title")
    actions_list = ("release",)

    @action(description="Release a variation", url_path="release", permissions=["decide_rights"])
    def release(self, request: HttpRequest) -> HttpResponse:
        def do(data: dict[str, Any]) -> str:
            made = release_variation(
                record_id=data["record"].pk,
                title=data["title"],
                reason=data["reason"],
                prefix=settings.ISRC_PREFIX,
                actor=staff_actor(request),
                now=timezone.now(),
            )
            return f"“{made.title}” is released as {format_isrc(made.isrc)}."

        return ask_and_do(
            request,
            title="Release a variation",
            consequence=(
                "The variation gets an ISRC of its own. A code is never taken back and never given "
                "again, not even after a withdrawal."
            ),
            form_class=ReleaseForm,
            do=do,
            back=list_of("releases_release"),
        )


class WorkAdmin(ReadOnlyAdmin):
    """Compositions."""

    list_display = ("title", "iswc", "created_at")
    search_fields = ("title", "iswc")
    actions_list = ("as_csv", "as_json")

    @action(description="All works as CSV", url_path="csv")
    def as_csv(self, request: HttpRequest) -> HttpResponse:
        return download(list_works(None, timezone.now()), "csv")

    @action(description="All works as JSON", url_path="json")
    def as_json(self, request: HttpRequest) -> HttpResponse:
        return download(list_works(None, timezone.now()), "json")
