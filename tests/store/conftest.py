"""The stores under test: a folder always, and the same on a real S3 server."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganray.store import Store


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.s3)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store of each kind."""
    if request.param == "folder":
        return Store(str(tmp_path / "store"))
    return Store(request.getfixturevalue("s3_url"))


@pytest.fixture
def folder(tmp_path: Path) -> Store:
    """An empty folder store, for what is the same on both kinds or peculiar to folders."""
    return Store(str(tmp_path / "store"))
