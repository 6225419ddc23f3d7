"""The partner API's addresses, version 1."""

from django.urls import path

from portal.partners.capabilities import CapabilitiesView
from portal.partners.token import TokenView

app_name = "partners"
urlpatterns = [
    path("v1/token", TokenView.as_view(), name="token"),
    path("v1/capabilities", CapabilitiesView.as_view(), name="capabilities"),
]
