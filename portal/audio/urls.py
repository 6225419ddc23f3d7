"""The address of audio."""

from django.urls import path

from portal.audio import views

app_name = "audio"
urlpatterns = [path("<str:leave>", views.serve, name="serve")]
