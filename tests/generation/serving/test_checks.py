"""Settings under which the external net cannot be opened are told at the start, in sentences."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from generation.nets.external import admission
from generation.serving.checks import check_external_net


@pytest.fixture
def named(settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Names Stable Audio with a folder of weights; every package is there."""
    monkeypatch.setattr(admission, "find_spec", lambda name: name)
    (tmp_path / admission.INDEX).write_text("{}")
    settings.EXTERNAL_NET, settings.EXTERNAL_NET_DIR = "stable-audio", str(tmp_path)
    return settings


def test_without_an_external_net_there_is_nothing_to_say() -> None:
    assert check_external_net() == []


def test_a_deployment_is_commercial_until_it_says_otherwise(named) -> None:
    (told,) = check_external_net()
    assert told.id == "serving.E001"
    assert "this deployment is commercial" in told.msg
    named.COMMERCIAL = False
    assert check_external_net() == []


def test_a_folder_that_is_not_set_is_told_by_check_and_by_the_command(named) -> None:
    named.COMMERCIAL, named.EXTERNAL_NET_DIR = False, ""
    (told,) = check_external_net()
    assert "needs the folder of its weights" in told.msg
    with pytest.raises(CommandError, match="needs the folder of its weights"):
        call_command("try_external_net", words="calm", out=Path("never"), stdout=StringIO())


def test_words_of_no_list_are_refused_by_the_command(named) -> None:
    with pytest.raises(CommandError, match="closed list"):
        call_command("try_external_net", words="sounds like me", out=Path("never"))
