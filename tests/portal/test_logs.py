"""What the logs say: ids and routes, never a path, a token or the values of a row."""

import logging

import pytest
from django.conf import settings
from django.db import IntegrityError, connection
from django.test import RequestFactory

from portal.logs import RoutesForPaths, without_values

TOKEN = "a-token-that-nobody-may-read"


def test_a_fault_of_django_names_the_route_and_no_path(rf: RequestFactory) -> None:
    request = rf.get(f"/account/invitations/{TOKEN}/")
    record = logging.getLogger("django.request").makeRecord(
        "django.request", logging.ERROR, "f", 1, "%s: %s",
        ("Internal Server Error", request.path), None, extra={"request": request},
    )  # fmt: skip
    assert RoutesForPaths().filter(record)
    assert record.getMessage() == "Internal Server Error: none"


def test_every_line_goes_through_the_filter() -> None:
    assert settings.LOGGING["root"]["handlers"] == ["stderr"]
    assert settings.LOGGING["handlers"]["stderr"]["filters"] == ["routes"]


@pytest.mark.django_db
def test_a_fault_of_the_database_tells_no_values() -> None:
    with pytest.raises(IntegrityError) as fault, connection.cursor() as cursor:
        cursor.execute("INSERT INTO accounts_user (id, email) VALUES (NULL, 'lea@example.org')")
    assert "lea@example.org" in str(fault.value)
    event = without_values(None, "", {"exception": f"IntegrityError: {fault.value}"})
    assert "lea@example.org" not in event["exception"]
    assert "null value" in event["exception"]
