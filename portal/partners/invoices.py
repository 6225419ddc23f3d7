"""A partner's invoices: what it owes for use, as JSON and as PDF.

Invariant: another client's invoice, a draft and one that does not exist are the same 404.
"""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from licensing.invoicing.files import as_json, as_pdf
from licensing.invoicing.queries import InvoiceView, invoices_of, view_of
from portal.partners import cursors, invoice_shapes
from portal.partners.access import caller_of
from portal.partners.endpoint import Endpoint


def _mine(request: Request, invoice_id: UUID) -> InvoiceView:
    row = invoices_of(caller_of(request).requester).filter(pk=invoice_id).first()
    if row is None:
        raise Http404
    return view_of(row)


class InvoicesView(Endpoint):
    """GET /api/v1/invoices."""

    scopes: ClassVar[dict[str, str]] = {"GET": "invoices:read"}

    @extend_schema(
        operation_id="list_invoices",
        parameters=[OpenApiParameter("cursor", str), OpenApiParameter("limit", int)],
        responses=invoice_shapes.InvoicesPage,
    )
    def get(self, request: Request) -> Response:
        """Invoices issued to this client, newest first; amounts are decimals with six places."""
        size = cursors.page_size(request.query_params.get("limit"))
        before = cursors.read(request.query_params.get("cursor", ""))
        rows = invoices_of(caller_of(request).requester)
        if before is not None:
            at, ref = before
            rows = rows.filter(Q(issued_at__lt=at) | Q(issued_at=at, pk__lt=ref))
        page = list(rows[: size + 1])
        shown = [view_of(row) for row in page[:size]]
        more = len(page) > size
        following = cursors.write(shown[-1].issued_at, shown[-1].id) if more else None
        items: list[dict[str, Any]] = [as_json(one) for one in shown]
        return Response({"items": items, "next": following})


class OneInvoiceView(Endpoint):
    """GET /api/v1/invoices/{id}."""

    scopes: ClassVar[dict[str, str]] = {"GET": "invoices:read"}

    @extend_schema(operation_id="get_invoice", responses=invoice_shapes.InvoiceShown)
    def get(self, request: Request, invoice_id: UUID) -> Response:
        """One invoice. `state` is ISSUED, PAID or VOIDED; `pay_url`, where there is one, leads to
        where it can be paid."""
        return Response(as_json(_mine(request, invoice_id)))


class InvoicePdfView(Endpoint):
    """GET /api/v1/invoices/{id}/pdf."""

    scopes: ClassVar[dict[str, str]] = {"GET": "invoices:read"}

    @extend_schema(
        operation_id="get_invoice_pdf",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, invoice_id: UUID) -> HttpResponse:
        """The same invoice for people."""
        view = _mine(request, invoice_id)
        answer = HttpResponse(as_pdf(view), content_type="application/pdf")
        answer.headers["Content-Disposition"] = (
            f'attachment; filename="stemma-invoice-{view.number}.pdf"'
        )
        answer.headers["Cache-Control"] = "private, no-store"
        return answer
