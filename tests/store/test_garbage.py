"""What gc lists, and what it must never list."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.store import Store
from tests.store.artifacts import ADDRESS, TRAJECTORY, commit, on_disk

_NOW = -1.0  # older than this is everything


def _reasons(store: Store, reachable: set[str], older_than: float = _NOW) -> dict[str, str]:
    return {item.path: item.reason for item in store.gc(reachable, older_than)}


def test_a_reachable_artifact_is_no_garbage_and_a_lone_claim_stays(store: Store) -> None:
    commit(store)
    assert store.gc({ADDRESS}, _NOW) == []


def test_an_unreachable_artifact_goes_with_its_files_and_nothing_else(store: Store) -> None:
    kept, doomed = commit(store, "train/a/step-1"), commit(store, "train/b/step-1")
    store.put("runs/r/plan.json", b"{}")
    reachable = {kept.address}
    assert _reasons(store, reachable) == {
        "artifacts/train/b/step-1/manifest-0.json": "no plan reaches this artifact",
        doomed.files[0].path: "no reachable artifact names this file",
    }
    before = store.list("")
    assert store.delete(store.gc(reachable, _NOW)) == 2
    assert store.manifest(doomed.address) is None
    assert store.manifest(kept.address) == kept
    assert store.verify(kept) == []
    assert store.get("runs/r/plan.json") == b"{}"
    assert len(store.list("")) == len(before) - 2


def test_superseded_generations_go(store: Store) -> None:
    old = commit(store, content=b"damaged")
    new = commit(store, content=b"whole", generation=1)
    garbage = store.gc({ADDRESS}, _NOW)
    assert {item.path for item in garbage} == {
        f"artifacts/{ADDRESS}/manifest-0.json",
        old.files[0].path,
    }
    store.delete(garbage)
    assert store.manifest(ADDRESS) == new
    assert commit(store, content=b"late") == new


def test_files_that_an_adopted_commit_left_go(store: Store) -> None:
    commit(store, content=b"first")
    commit(store, content=b"second")  # adopts the first
    assert [item.bytes for item in store.gc({ADDRESS}, _NOW)] == [len(b"second")]


def test_logs_go_with_the_last_plan_that_reaches_their_trajectory(store: Store) -> None:
    commit(store, "train/a/step-1")
    for trajectory in ("train/a", "train/b"):
        store.put(f"logs/{trajectory}/host-1-01234567.log", b"begins")
    assert _reasons(store, {"train/a/step-1"}) == {
        "logs/train/b/host-1-01234567.log": "log of work that no plan reaches"
    }
    assert _reasons(store, {"train/a/step-1", "train/b/step-2"}) == {}
    assert store.delete(store.gc({"train/a/step-1"}, _NOW)) == 1
    assert store.list("logs/") == ["logs/train/a/host-1-01234567.log"]


def test_gc_changes_nothing_by_itself(store: Store) -> None:
    commit(store)
    before = store.list("")
    assert store.gc(set(), _NOW) != []
    assert store.list("") == before


def test_what_is_young_stays(store: Store) -> None:
    commit(store)
    assert store.gc(set(), older_than=3600.0) == []


def test_an_attempt_is_as_old_as_its_newest_file(folder: Store) -> None:
    attempt = folder.claim_attempt(TRAJECTORY)
    old = attempt.write("history", b"old")
    attempt.write("generator", b"new")
    long_ago = time.time() - 10_000
    os.utime(on_disk(folder, old.path), (long_ago, long_ago))
    assert folder.gc(set(), older_than=5000.0) == []
    for path in on_disk(folder, f"artifacts/{TRAJECTORY}").rglob("*"):
        os.utime(path, (long_ago, long_ago))
    found = folder.gc(set(), older_than=5000.0)
    assert sorted(item.bytes for item in found) == [3, 3]
    assert all(9_000 < item.age < 11_000 for item in found)


def test_checkpoints_stay_until_the_work_that_needs_them_is_done(store: Store) -> None:
    attempt = store.claim_attempt(TRAJECTORY)
    attempt.checkpoint(500, {"state": b"half"}, {})
    assert store.gc({ADDRESS}, _NOW) == []
    assert len(store.gc(set(), _NOW)) == 2
    commit(store)
    assert len(store.gc({ADDRESS}, _NOW)) == 2


def test_of_unfinished_work_the_newest_two_intact_checkpoints_stay(store: Store) -> None:
    """Those that a horizon of the plan can use: not one that lies beyond it."""
    attempt = store.claim_attempt(TRAJECTORY)
    for step in (100, 200, 300, 400, 900):
        attempt.checkpoint(step, {"state": str(step).encode()}, {})
    short, long = f"{TRAJECTORY}/step-000000450", f"{TRAJECTORY}/step-000001000"

    def kept(*reachable: str) -> list[int]:
        gone = _reasons(store, set(reachable))
        return [step for step in (100, 200, 300, 400, 900) if not any(
            f"step-{step:08d}" in path for path in gone)]  # fmt: skip

    assert kept(short) == [300, 400]
    assert kept(long) == [400, 900]
    assert kept(short, long) == [300, 400, 900]
    store.put(f"{attempt._folder}checkpoints/step-00000400/state", b"bad")
    assert kept(short) == [200, 300, 400]
    store.delete(store.gc({short}, _NOW))
    found = store.latest_checkpoint(TRAJECTORY, at_most=450)
    assert found is not None
    assert found.step == 300


def test_what_a_crash_left_is_listed_and_hidden_from_list(folder: Store) -> None:
    commit(folder)
    names = [f".tmp-{'0a' * 16}", f".ganray-tmp-{'0a' * 16}"]  # an older release's, and today's
    for name in names:
        on_disk(folder, f"artifacts/{ADDRESS}/{name}").write_bytes(b"half")
    assert not [path for path in folder.list("") if "tmp" in path]
    for reachable in ({ADDRESS}, None):
        assert {item.path: item.reason for item in folder.gc(reachable, _NOW)} == {
            f"artifacts/{ADDRESS}/{name}": "left behind by a crashed writer" for name in names
        }
    assert folder.delete(folder.gc({ADDRESS}, _NOW)) == 2
    assert not list(Path(folder.url).rglob("*tmp*"))


def test_a_writer_that_is_killed_leaves_a_name_that_gc_knows(folder: Store) -> None:
    commit(folder)
    with folder.files.writer("runs/r/x.json") as sink:
        sink.write(b"half")
        (temporary,) = Path(folder.url, "runs", "r").iterdir()
        assert [item.path for item in folder.gc(None, _NOW)] == [f"runs/r/{temporary.name}"]


STRANGERS = [
    ".tmp-notes",
    ".tmp-2024",
    f".tmp-{'0a' * 16}",
    "notes.txt",
    "artifacts/.tmp-notes",
    "artifacts/notes",
    "artifacts/a/b/c/notes.json",
    "artifacts/a/b/attempts/1/photo.jpg",
    "artifacts/my photos/b/attempts/1/x.json",
    f"{TRAJECTORY}/attempts/1/notes.txt".replace("train", "artifacts/train"),
    f"{TRAJECTORY}/attempts/1/.notes.md".replace("train", "artifacts/train"),
    "runs/.tmp-notes",
    "runs/notes/x",
    "logs/system.log",
    "logs/nginx/access/error.log",
    "logs/web/prod/access-2-20240131.log",
    "logs/train/a/app-1-2.log",
    "probes/notes",
    "probes/20240131",
    "probes/deadbeef.txt",
    f"backup/artifacts/{ADDRESS}/manifest-0.json",
    f"backup/runs/.ganray-tmp-{'0a' * 16}",
]


def _put_strangers(root: str) -> set[str]:
    for name in STRANGERS:
        file = Path(root, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("mine")
    return set(STRANGERS)


def _below(root: str) -> set[str]:
    files = (path for path in Path(root).rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix() for path in files}


def test_what_somebody_else_put_there_is_no_garbage(folder: Store) -> None:
    commit(folder)
    strangers = _put_strangers(folder.url)
    assert folder.in_use
    folder.delete(folder.gc(set(), _NOW))
    assert _below(folder.url) == strangers | {f"artifacts/{TRAJECTORY}/attempts/1/claim.json"}


def test_a_manifest_that_is_none_may_be_somebody_else_s(store: Store) -> None:
    commit(store)
    store.put("artifacts/papers/2024/final/manifest-0.json", b'{"title": "mine"}')
    store.delete(store.gc(set(), _NOW))
    assert "artifacts/papers/2024/final/manifest-0.json" in store.list("")


def test_where_there_is_no_store_nothing_is_garbage(folder: Store) -> None:
    _put_strangers(folder.url)
    assert not folder.in_use
    assert folder.gc(set(), _NOW) == folder.gc(None, _NOW) == []


def test_while_it_is_not_known_what_is_needed_every_artifact_stays(store: Store) -> None:
    commit(store, content=b"damaged")
    commit(store, content=b"whole", generation=1)
    store.put("logs/train/b/host-1-01234567.log", b"begins")
    store.put("probes/0123456789abcdef", b"first")
    assert [item.path for item in store.gc(None, _NOW)] == ["probes/0123456789abcdef"]


@pytest.mark.parametrize(
    "path",
    [
        f"artifacts/{TRAJECTORY}/attempts/3/claim.json",
        f"artifacts/{ADDRESS}/manifest-0.json",
        "runs/study-0123456789ab/plan.json",
        "sweeps/rates-0123456789ab/trials/x.json",
        f"speeds/{'0a' * 16}.json",
    ],
)
def test_what_a_run_writes_first_makes_a_store(store: Store, path: str) -> None:
    assert not store.in_use
    store.put(path, b"")
    assert store.in_use


_addresses = st.sampled_from([f"train/{key}/step-{step}" for key in "ab" for step in "12"])


@settings(max_examples=15)
@given(st.lists(st.tuples(_addresses, st.integers(0, 2)), max_size=6), st.sets(_addresses))
def test_deleting_garbage_never_touches_what_is_reachable(
    commits: list[tuple[str, int]], reachable: set[str]
) -> None:
    with tempfile.TemporaryDirectory() as root:
        store = Store(root)
        for number, (address, generation) in enumerate(commits):
            commit(store, address, b"%d" % number, generation=generation)
        before = {m.address: m for m in store.manifests() if m.address in reachable}
        store.delete(store.gc(reachable, _NOW))
        assert {m.address: m for m in store.manifests()} == before
        assert not [line for manifest in before.values() for line in store.verify(manifest)]
        assert store.gc(reachable, _NOW) == []
