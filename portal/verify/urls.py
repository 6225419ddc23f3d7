"""The addresses of this face."""

from django.urls import path

from portal.verify import notices

app_name = "verify"
urlpatterns = [
    path("", notices.notice, name="notice"),
    path("<str:token>/", notices.status, name="notice_status"),
    path("<str:token>/withdraw/", notices.withdraw, name="notice_withdraw"),
]
