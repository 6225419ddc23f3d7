"""The addresses of the artist pages."""

from django.urls import path

from portal.artists import (
    agreements,
    approvals,
    consents,
    earnings,
    grants,
    payouts,
    previews,
    recordings,
    sheets,
    stems,
    uploads,
    works,
)

app_name = "artists"
urlpatterns = [
    path("", recordings.recordings, name="recordings"),
    path("recordings/new/", recordings.recording_new, name="recording_new"),
    path("recordings/<uuid:recording_id>/", recordings.recording, name="recording"),
    path(
        "recordings/<uuid:recording_id>/complete/", recordings.stems_complete, name="stems_complete"
    ),
    path("recordings/<uuid:recording_id>/corrections/", stems.corrections, name="corrections"),
    path("recordings/<uuid:recording_id>/uploads/", uploads.upload_begin, name="upload_begin"),
    path("recordings/<uuid:recording_id>/files/", uploads.upload_plain, name="upload_plain"),
    path("recordings/<uuid:recording_id>/grant/", grants.grant, name="grant"),
    path("recordings/<uuid:recording_id>/consent/", agreements.agreement, name="agreement"),
    path("recordings/<uuid:recording_id>/previews/", grants.preview_ask, name="preview_ask"),
    path("previews/<uuid:preview_id>/", previews.preview, name="preview"),
    path("previews/<uuid:preview_id>/audio/", previews.preview_audio, name="preview_audio"),
    path("previews/<uuid:preview_id>/delete/", previews.preview_delete, name="preview_delete"),
    path("recordings/<uuid:recording_id>/withdraw/", grants.withdraw, name="withdraw"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<uuid:variation_id>/", approvals.approval, name="approval"),
    path("approvals/<uuid:variation_id>/audio/", approvals.approval_audio, name="approval_audio"),
    path("uploads/<uuid:upload_id>/", uploads.upload_state, name="upload_state"),
    path("uploads/<uuid:upload_id>/parts/<int:index>/", uploads.upload_part, name="upload_part"),
    path("uploads/<uuid:upload_id>/complete/", uploads.upload_complete, name="upload_complete"),
    path("uploads/<uuid:upload_id>/cancel/", uploads.upload_cancel, name="upload_cancel"),
    path("stems/<uuid:stem_id>/row/", stems.stem_row, name="stem_row"),
    path("stems/<uuid:stem_id>/audio/", stems.stem_audio, name="stem_audio"),
    path("stems/<uuid:stem_id>/delete/", grants.stem_delete, name="stem_delete"),
    path("recordings/<uuid:recording_id>/sheets/<str:right>/", sheets.sheet_new, name="sheet_new"),
    path("sheets/<uuid:sheet_id>/", sheets.sheet, name="sheet"),
    path("sheets/<uuid:sheet_id>/remind/<uuid:party_id>/", sheets.remind, name="remind"),
    path("earnings/", earnings.earnings, name="earnings"),
    path("earnings/<uuid:party_id>/connect/", payouts.connect, name="payouts_connect"),
    path("earnings/<uuid:party_id>/currency/", payouts.currency, name="payouts_currency"),
    path("earnings/<uuid:party_id>/close/", payouts.close, name="payouts_close"),
    path("earnings/<uuid:party_id>/stay/", payouts.stay, name="payouts_stay"),
    path("earnings/lines/<uuid:line_id>/", earnings.statement_line, name="statement_line"),
    path(
        "earnings/statements/<uuid:statement_id>.<str:ending>",
        earnings.statement_file,
        name="statement_file",
    ),
    path("earnings/recompute.py", earnings.recompute_script, name="recompute_script"),
    path("consents/", consents.consents, name="consents"),
    path("consents/<uuid:party_id>.csv", consents.consents_file, name="consents_file"),
    path("consents/terms/<str:version>.txt", consents.terms, name="terms"),
    path("signatures/", sheets.signatures, name="signatures"),
    path("works/<uuid:party_id>.<str:ending>", works.works_file, name="works_file"),
]
