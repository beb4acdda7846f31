"""Exactly one writer of a key wins, and all others adopt what it wrote."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ganray.store import Store
from tests.store.artifacts import ADDRESS, TRAJECTORY, commit
from tests.store.races import race


@pytest.mark.chaos
def test_of_many_processes_one_wins_each_key(store: Store, record_property: object) -> None:
    is_s3 = store.url.startswith("s3")
    keys = 8 if is_s3 else 20  # a race of S3 takes ten times as long
    outcome = race(store.url, writers=5, keys=keys)
    print(outcome.row("s3" if is_s3 else "folder"))
    assert outcome.created == (1,) * keys
    assert [len(seen) for seen in outcome.seen] == [1] * keys
    assert len(set(outcome.claims)) == 5
    for key in range(keys):
        current = store.manifest(f"train/race/step-{key}")
        assert current is not None
        assert {(current.attempt, current.digest)} == outcome.seen[key]


def test_threads_of_one_store_share_it(store: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        created = list(threads.map(lambda _: store.create("runs/one", b"equal"), range(16)))
        manifests = list(threads.map(lambda i: commit(store, content=b"%d" % i), range(8)))
    assert sum(created) == 1
    assert len({manifest.attempt for manifest in manifests}) == 1
    assert store.manifest(ADDRESS) == manifests[0]


def test_two_hundred_claimers_need_few_tries_each(
    folder: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All look before any claims: the worst case, in which each begins at the same number.
    tries = []
    create = folder.files.create
    monkeypatch.setattr(folder.files, "entries", lambda prefix: iter(()))
    monkeypatch.setattr(folder.files, "create", lambda *a: tries.append(a) or create(*a))
    numbers = [folder.claim_attempt(TRAJECTORY).number for _ in range(200)]
    assert len(set(numbers)) == 200
    assert len(tries) < 200 * 6
