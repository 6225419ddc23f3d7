"""Tests that belong together reach the scheduler of the run as one."""

import pytest

pytestmark = pytest.mark.xdist_group("here")


@pytest.fixture(scope="module")
def made_here() -> object:
    return object()


def test_the_scheduler_sees_the_group_of_a_test(request: pytest.FixtureRequest) -> None:
    is_grouped = request.config.getoption("loadgroup", default=False)
    assert request.node.nodeid.endswith("@here") == is_grouped


@pytest.mark.parametrize("text", ["a", "b@c"])
def test_a_mark_says_more_than_what_a_module_makes(
    request: pytest.FixtureRequest, made_here: object, text: str
) -> None:
    groups = [mark.args[0] for mark in request.node.iter_markers("xdist_group")]
    assert groups == ["here"]
