"""The published description of the API is valid, complete, and the one that is kept in docs/."""

import json
import re
from pathlib import Path

from django.conf import settings
from django.test import Client as Browser
from openapi_spec_validator import validate

from portal.partners.urls import urlpatterns

KEPT = Path(settings.BASE_DIR) / "docs" / "openapi.json"


def test_the_description_is_valid_openapi_3_1(client: Browser, db: None) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    validate(described)


def test_the_kept_description_is_what_is_served(client: Browser, db: None) -> None:
    assert json.loads(KEPT.read_text()) == client.get("/api/v1/openapi.json").json()


def test_every_address_is_described(client: Browser, db: None) -> None:
    described = set(client.get("/api/v1/openapi.json").json()["paths"])
    served = {re.sub(r"<\w+:(\w+)>", r"{\1}", f"/api/{one.pattern}") for one in urlpatterns}
    assert served - described == {"/api/v1/openapi.json"}
