"""Machines are told on every answer that nothing here may be mined or trained on."""

import pytest
from django.test import Client


@pytest.mark.parametrize(
    "path",
    ["/", "/listen/", "/shares/", "/nowhere/", "/api/v1/variations", "/robots.txt", "/healthz"],
)
def test_every_answer_reserves_its_rights(db: None, client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.headers["TDM-Reservation"] == "1"
    assert answer.headers["Content-Usage"] == "train-ai=n"


def test_robots_may_find_and_not_train(client: Client) -> None:
    lines = client.get("/robots.txt").content.decode().splitlines()
    assert lines[:2] == ["User-agent: *", "Content-Usage: train-ai=n"]
    assert "Disallow: /" not in lines


def test_the_whole_site_is_reserved_in_the_protocol_s_own_file(client: Client) -> None:
    answer = client.get("/.well-known/tdmrep.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == [{"location": "/", "tdm-reservation": 1}]


def test_nobody_writes_there(client: Client) -> None:
    assert client.post("/robots.txt").status_code == 405
    assert client.post("/.well-known/tdmrep.json").status_code == 405
