"""The rights administrators' site: Django's admin in unfold's dress, for staff alone.

Everything about consent and money is shown, never edited; deeds are operations of the rooms below.
The dress needs inline scripts and styles, so its pages have a content policy of their own; no other
page of the product does.
"""

from collections.abc import Callable
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.sites import UnfoldAdminSite

from licensing.ledger.chain import latest_link
from portal.backoffice.nightly import last_runs
from portal.backoffice.queues import list_queues

_POLICY = {
    "script-src": ["'self'", "'unsafe-inline'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
}


class BackofficeSite(UnfoldAdminSite):
    """The one admin site; `queues` and the `head` of the books stand on its first page."""

    site_header = "Stemma, rights administration"
    site_title = "Stemma"
    index_title = "Work queues"
    index_template = "backoffice/index.html"

    def admin_view(self, view: Any, cacheable: bool = False) -> Callable[..., HttpResponse]:
        inner = super().admin_view(view, cacheable)

        def dressed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated and not self.has_permission(request):
                raise Http404
            response = inner(request, *args, **kwargs)
            if not hasattr(response, "_csp_replace"):
                response._csp_replace = _POLICY
            return response

        return dressed

    def index(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        queues = list_queues()
        own = {
            "queues": [one for one in queues if one.count],
            "empty_queues": [one for one in queues if not one.count],
            "head": latest_link(),
            "nightly": last_runs(timezone.now()),
        }
        return super().index(request, own | (extra_context or {}))

    def get_urls(self) -> list[URLPattern]:
        from portal.backoffice import net_deeds
        from portal.backoffice.audits import audit_record
        from portal.backoffice.case_file import case_file
        from portal.backoffice.case_particulars import particulars_file
        from portal.backoffice.nets import nets

        own = (
            ("case/<uuid:record_id>/", case_file, "case_file"),
            ("case/<uuid:record_id>/particulars.json", particulars_file, "case_particulars"),
            ("case/<uuid:record_id>/audit/", audit_record, "case_audit"),
            ("nets/", nets, "nets"),
            ("nets/<str:net>/shares/", net_deeds.set_shares, "net_shares"),
            ("nets/<str:net>/back/", net_deeds.roll_back, "net_back"),
        )
        pages = [path(where, self.admin_view(view), name=name) for where, view, name in own]
        return [*pages, *super().get_urls()]


site = BackofficeSite(name="admin")
site.login = secure_admin_login(site.login)
