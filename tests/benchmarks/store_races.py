"""Races of many writers on a folder and on a real S3 server.

Run with `python -m tests.benchmarks.store_races`.

Prints how many writers were told to have made each file, and how many different manifests they got
back for each key; both must be 1 throughout.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from tests.s3_server import BUCKET, running_s3_server
from tests.store.races import race


def main() -> None:
    """Race on both kinds of store and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--s3-keys", type=int, default=50, help="S3 takes about 2 s a key")
    arguments = parser.parse_args()
    print(f"{'store':8} {'writers':>8} {'keys':>6}")
    with tempfile.TemporaryDirectory() as root:
        _show("folder", f"{root}/store", arguments.writers, arguments.keys)
        with running_s3_server(Path(root, "s3")) as server:
            os.environ.update(server.environment())
            _show("s3", f"s3://{BUCKET}/races", arguments.writers, arguments.s3_keys)


def _show(where: str, url: str, writers: int, keys: int) -> None:
    start = time.perf_counter()
    outcome = race(url, writers, keys)
    seconds = time.perf_counter() - start
    print(f"{outcome.row(where)}, {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
