"""Which address belongs to which face. It knows no rows."""

from django.urls import include, path

from portal import health, mining
from portal.backoffice.site import site

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("robots.txt", mining.robots, name="robots"),
    path(".well-known/tdmrep.json", mining.tdmrep, name="tdmrep"),
    path("account/", include("portal.accounts.urls")),
    path("artists/", include("portal.artists.urls")),
    path("admin/", site.urls),
    path("api/", include("portal.partners.urls")),
    path("audio/", include("portal.audio.urls")),
    path("webhooks/", include("portal.webhooks.urls")),
    path("notices/", include("portal.verify.urls")),
    path("", include("portal.listeners.urls")),
]

handler404 = "portal.partners.problems.no_such_page"
handler500 = "portal.partners.problems.broken"
