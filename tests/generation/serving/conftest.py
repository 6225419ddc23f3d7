"""Folders of released nets that belong to the test alone."""

from pathlib import Path

import pytest

from generation.nets import checkpoints


@pytest.fixture
def own(tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`NETS_DIR`, empty; nothing ships."""
    settings.NETS_DIR = tmp_path / "own"
    monkeypatch.setattr(checkpoints, "RELEASED", tmp_path / "shipped")
    return settings.NETS_DIR
