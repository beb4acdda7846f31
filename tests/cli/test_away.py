"""A store that does not answer, asked by commands for whose answer somebody waits."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.cli.command import ganray
from tests.s3_server import S3Server


@pytest.fixture(params=["silent", "closed"])
def endpoint(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """One that accepts and says nothing, or one where nobody listens; deadlines are short."""
    monkeypatch.setattr("ganray.store.remote.s3._HASTY_DEADLINE", 0.3)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if request.param == "silent":
            listener.listen(64)
        settings = S3Server(url, "k", "s", "k", "s").environment()
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield url


@pytest.mark.parametrize(
    "words",
    [
        ("status", "tiny", "--store"),
        ("logs", "tiny", "--store"),
        ("report", "tiny", "--store"),
        ("tensorboard", "tiny", "--to", "curves", "--store"),
        ("store", "ls"),
        ("store", "verify"),
        ("store", "gc"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_it_is_said_in_one_line(endpoint: str, words: tuple[str, ...]) -> None:
    answer = ganray(*words, "s3://bucket/x")
    answer.refused(f"store s3://bucket/x: the endpoint {endpoint} does not answer", code=1)
