"""One file of a statement as an answer; the payee on its page and the desk get the same bytes.

It refuses to know who may have it: whoever calls has asked. Invariant: what was handed out once is
handed out again, byte for byte, and nothing is while the books disagree.
"""

from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpResponse

from licensing.royalties import queries
from licensing.royalties.queries import StatementView
from licensing.royalties.remaking import BooksDisagree
from licensing.statements.files import SCHEMAS, as_csv, as_json, file_name
from licensing.statements.pdf import as_pdf

FILES: dict[str, tuple[str, Callable[[StatementView, int | None], bytes]]] = {
    "pdf": ("application/pdf", as_pdf),
    "csv": ("text/csv; charset=utf-8", as_csv),
    "json": ("application/json", as_json),
}
"""By ending: the content type and who makes it."""
DISAGREE = (
    "The books do not agree on this statement. Its file is not handed out until somebody has "
    "looked at it.\n"
)


def file_of(statement_id: UUID, ending: str, schema: str | None = None) -> HttpResponse:
    """A statement as PDF, CSV or JSON, by the newest schema of its month or by one that is named.

    409 while the books disagree. Raises Http404 for another ending, and for a schema by which no
    statement of its month was made; Statement.DoesNotExist.
    """
    if ending not in FILES or (schema is not None and schema not in map(str, SCHEMAS)):
        raise Http404
    statement = queries.get_statement(statement_id)
    content_type, make = FILES[ending]
    try:
        made = make(statement, None if schema is None else int(schema))
    except BooksDisagree:
        return HttpResponse(DISAGREE, status=409, content_type="text/plain; charset=utf-8")
    except ValueError as error:
        raise Http404 from error
    answer = HttpResponse(made, content_type=content_type)
    name = file_name(statement, ending)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
