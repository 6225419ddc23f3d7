"""The addresses of the artist pages."""

from django.urls import path

from portal.artists import recordings, sheets

app_name = "artists"
urlpatterns = [
    path("", recordings.recordings, name="recordings"),
    path("recordings/new/", recordings.recording_new, name="recording_new"),
    path("recordings/<uuid:recording_id>/", recordings.recording, name="recording"),
    path(
        "recordings/<uuid:recording_id>/complete/", recordings.stems_complete, name="stems_complete"
    ),
    path("recordings/<uuid:recording_id>/sheets/<str:right>/", sheets.sheet_new, name="sheet_new"),
    path("sheets/<uuid:sheet_id>/", sheets.sheet, name="sheet"),
    path("sheets/<uuid:sheet_id>/remind/<uuid:party_id>/", sheets.remind, name="remind"),
    path("signatures/", sheets.signatures, name="signatures"),
]
