"""Ines, her party and a recording of three stems, which most tests of these pages begin with."""

import pytest
from django.core.cache import cache

PASSWORD = "tape organ at low tide"


@pytest.fixture(autouse=True)
def fresh_limits(db):
    cache.clear()


@pytest.fixture
def ines(make_user):
    return make_user("Ines")


@pytest.fixture
def maravel(ines, make_party, join):
    party = make_party("Ines Maravel")
    join(ines, party)
    return party


@pytest.fixture
def recording(maravel, make_recording):
    return make_recording(
        maravel, stems=[("Drums", "drums"), ("Bass", "bass"), ("Voice", "vocals")]
    )


@pytest.fixture
def eve(make_user, make_party, join):
    """A stranger with a party of her own."""
    user = make_user("Eve")
    join(user, make_party("Eve"))
    return user


@pytest.fixture
def as_ines(client, ines):
    client.force_login(ines)
    return client


@pytest.fixture
def post_signed():
    """Posts, and gives the password where it is asked for."""

    def post(client, url, facts):
        answer = client.post(url, facts)
        if answer.status_code == 302 and "reauthenticate" in answer.url:
            answer = client.post(answer.url, {"password": PASSWORD})
        return answer

    return post
