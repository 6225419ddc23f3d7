"""The addresses at which providers ring."""

from django.urls import path

from portal.webhooks import views

app_name = "webhooks"
urlpatterns = [path("stripe/", views.stripe, name="stripe")]
