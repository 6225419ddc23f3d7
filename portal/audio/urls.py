"""The addresses of audio."""

from django.urls import path

from portal.audio import hls, live_views, views

app_name = "audio"
urlpatterns = [
    path("<str:leave>", views.serve, name="serve"),
    path("live/<str:leave>", live_views.serve, name="live"),
    path("live/coming/<str:leave>", live_views.serve_coming, name="live_coming"),
    path("hls/<str:leave>/master.m3u8", hls.master, {"form": "aac"}, name="hls_master"),
    path("hls/<str:leave>/lossless.m3u8", hls.master, {"form": "flac"}, name="hls_lossless"),
    path("hls/<str:leave>/<str:form>/index.m3u8", hls.index, name="hls_index"),
    path("hls/<str:leave>/<str:form>/init.mp4", hls.init, name="hls_init"),
    path("hls/<str:leave>/<str:form>/<int:number>.m4s", hls.segment, name="hls_segment"),
]
