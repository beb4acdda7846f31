"""Looks at the store from a process of its own, which stands where no fault reaches it.

One JSON question a line on its input, one JSON answer a line on its output.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from ganray.store import Store
from tests.s3_server import BUCKET, S3Server, wait_until_ready


def examine(url: str, expected: dict[str, str], equal: bool = True) -> dict[str, Any]:
    """What of a finished run is not as it was expected.

    Args:
        equal: whether artifacts are to have the digests that are expected of them.

    Returns:
        `different`: addresses whose artifact is absent or differs from `expected` (their digests);
        `stale`: those that were made of something else than is there;
        `damaged`: what `store verify` finds; `files`: how many there are.
    """
    store = Store(url)
    manifests = {manifest.address: manifest for manifest in store.manifests()}
    digests = {address: manifest.digest for address, manifest in manifests.items()}
    found = digests if equal else {a: expected.get(a) for a in digests}
    return {
        "different": sorted(a for a, digest in expected.items() if found.get(a) != digest),
        "stale": sorted(
            address
            for address in manifests.keys() & expected.keys()
            for one, digest in manifests[address].inputs.items()
            if one in digests and digests[one] != digest
        ),
        "damaged": [line for manifest in manifests.values() for line in store.verify(manifest)]
        + list(store.invalid_manifests()),
        "files": len(store.list("")),
    }


def remove(url: str) -> dict[str, Any]:
    """Delete everything below a URL."""
    store = Store(url)
    paths = store.list("")
    for path in paths:
        store.files.remove(path)
    return {"removed": len(paths)}


def make_ready() -> dict[str, Any]:
    """Wait for the server and make the bucket."""
    server = S3Server(
        os.environ["AWS_ENDPOINT_URL"],
        os.environ["AWS_ACCESS_KEY_ID"],
        os.environ["AWS_SECRET_ACCESS_KEY"],
        reader_key="",
        reader_secret="",
    )
    started = time.monotonic()
    wait_until_ready(server, seconds=45.0)
    return {"bucket": BUCKET, "seconds": time.monotonic() - started}


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question."""
    if "examine" in question:
        return examine(question["examine"], question["expected"], question["equal"])
    if "remove" in question:
        return remove(question["remove"])
    return make_ready()


if __name__ == "__main__":
    for line in sys.stdin:
        try:
            said = answer(json.loads(line))
        except Exception as error:  # the harness decides what that means
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), flush=True)
