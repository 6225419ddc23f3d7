"""The addresses of log-in (allauth's, with their own names) and of the account pages."""

from django.urls import include, path

from portal.accounts import views

pages = [
    path("", views.overview, name="overview"),
    path("welcome/", views.welcome, name="welcome"),
    path("parties/new/", views.party_new, name="party_new"),
    path("parties/<uuid:party_id>/", views.party, name="party"),
    path(
        "parties/<uuid:party_id>/members/<uuid:user_id>/end/", views.member_end, name="member_end"
    ),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    path("mails/<str:token>/", views.mails_off, name="mails_off"),
]
urlpatterns = [
    path("", include((pages, "accounts"))),
    path("", include("allauth.urls")),
]
