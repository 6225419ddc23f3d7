"""The partner API's addresses, version 1."""

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView

from portal.partners import (
    catalog,
    invoices,
    plays,
    session_plays,
    sessions,
    taste,
    variations,
    withdrawals,
)
from portal.partners.capabilities import CapabilitiesView
from portal.partners.particulars import ParticularsView
from portal.partners.token import TokenView

app_name = "partners"
_ONE = "v1/variations/<uuid:variation_id>"
_LIVE = "v1/sessions/<uuid:session_id>"
urlpatterns = [
    path("v1/token", TokenView.as_view(), name="token"),
    path("v1/openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("v1/capabilities", CapabilitiesView.as_view(), name="capabilities"),
    path("v1/recordings", catalog.RecordingsView.as_view(), name="recordings"),
    path("v1/recordings/<uuid:recording_id>", catalog.RecordingView.as_view(), name="recording"),
    path("v1/clearances", catalog.ClearancesView.as_view(), name="clearances"),
    path("v1/variations", variations.VariationsView.as_view(), name="variations"),
    path(_ONE, variations.VariationView.as_view(), name="variation"),
    path(f"{_ONE}/playlist", plays.PlaylistView.as_view(), name="playlist"),
    path(f"{_ONE}/audio", variations.AudioView.as_view(), name="audio"),
    path(f"{_ONE}/attribution", variations.AttributionView.as_view(), name="attribution"),
    path(f"{_ONE}/licence", variations.LicenceView.as_view(), name="licence"),
    path(f"{_ONE}/particulars", ParticularsView.as_view(), name="particulars"),
    path("v1/sessions", sessions.SessionsView.as_view(), name="sessions"),
    path(_LIVE, sessions.SessionView.as_view(), name="session"),
    path(f"{_LIVE}/playlist", session_plays.SessionPlaylistView.as_view(), name="live_playlist"),
    path(f"{_LIVE}/playlist.m3u8", session_plays.SessionStreamView.as_view(), name="live_stream"),
    path(
        f"{_LIVE}/segments/<int:number>",
        session_plays.SessionSegmentView.as_view(),
        name="live_segment",
    ),
    path("v1/taste", taste.TasteView.as_view(), name="taste"),
    path("v1/taste/words", taste.WordsView.as_view(), name="taste_words"),
    path("v1/taste/export", taste.ExportView.as_view(), name="taste_export"),
    path("v1/withdrawals", withdrawals.WithdrawalsView.as_view(), name="withdrawals"),
    path(
        "v1/withdrawals/<uuid:notice_id>/confirmation",
        withdrawals.RemovalView.as_view(),
        name="removal",
    ),
    path("v1/invoices", invoices.InvoicesView.as_view(), name="invoices"),
    path("v1/invoices/<uuid:invoice_id>", invoices.OneInvoiceView.as_view(), name="invoice"),
    path(
        "v1/invoices/<uuid:invoice_id>/pdf", invoices.InvoicePdfView.as_view(), name="invoice_pdf"
    ),
    path("v1/usages", plays.UsagesView.as_view(), name="usages"),
]
