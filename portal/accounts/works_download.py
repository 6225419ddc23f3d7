"""Works as a download, for whoever may have them: an artist's own, or all of them at the desk."""

from collections.abc import Sequence

from django.http import HttpResponse

from licensing.releases import works_files
from licensing.releases.queries import WorkView

MAKERS = {
    "csv": (works_files.as_csv, "text/csv; charset=utf-8"),
    "json": (works_files.as_json, "application/json"),
}


def download(works: Sequence[WorkView], ending: str) -> HttpResponse:
    """The file, csv or json, that nobody keeps on the way. Raises KeyError for another ending."""
    make, kind = MAKERS[ending]
    answer = HttpResponse(make(works), content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="works.{ending}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
