"""Files that are written to S3 piece by piece: whole or not at all, whatever goes wrong."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest

from ganray.store import Store
from ganray.store.remote import s3
from tests.s3_proxy import Faults, S3Proxy, running_proxy
from tests.s3_server import S3Server

pytestmark = [pytest.mark.s3, pytest.mark.chaos, pytest.mark.timeout(60)]
PATH, PIECE = "runs/large", 5 * 2**20
DATA = os.urandom(2 * PIECE + 7)


@pytest.fixture
def proxy(s3_server: S3Server, s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Proxy]:
    monkeypatch.setattr(s3, "_PART_BYTES", PIECE)
    with running_proxy(s3_server.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        yield proxy


def test_a_completion_whose_reply_is_lost_has_been_done(proxy: S3Proxy, s3_url: str) -> None:
    store = Store(s3_url)
    with store.files.writer(PATH) as sink:
        sink.write(DATA)
        proxy.switch(Faults(("lost_reply",), methods=("POST",), limit=1))
    assert proxy.counts["lost_reply"] == 1
    assert store.get(PATH) == DATA


def test_what_was_broken_off_never_appears_although_it_could_not_be_tidied_up(
    proxy: S3Proxy, s3_url: str
) -> None:
    store = Store(s3_url)

    def broken_off() -> None:
        with store.files.writer(PATH) as sink:
            sink.write(DATA)
            proxy.switch(Faults(("500",), methods=("DELETE",)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    proxy.switch(None)
    assert proxy.counts["500"] == 1
    gc.collect()
    assert store.get(PATH) is None
