"""What counts as committed, as intact, and as the newest."""

from __future__ import annotations

import json
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import CorruptArtifact, StoreError
from ganray.store import Manifest, Store
from tests.store.artifacts import ADDRESS, TRAJECTORY, commit, flip_a_byte


def test_manifests_lists_the_current_ones_below_a_prefix(store: Store) -> None:
    first = commit(store, "train/a/step-1")
    commit(store, "train/a/step-2")
    second = commit(store, "train/a/step-2", generation=1)
    third = commit(store, "train/ab/step-1")
    gone = commit(store, "measure/c/whole")
    store.files.remove(gone.files[0].path)
    assert list(store.manifests()) == [first, second, third]
    assert list(store.manifests("train/a/")) == [first, second]
    assert list(store.manifests("train/a/step-2")) == [second]
    assert list(store.manifests("train/a")) == [first, second, third]
    assert list(store.manifests("measure/")) == []


def test_a_flipped_byte_is_named_and_never_read(store: Store) -> None:
    manifest = commit(store)
    assert store.verify(manifest) == []
    flip_a_byte(store, manifest.files[0])
    (line,) = store.verify(manifest)
    assert line.startswith(f"{ADDRESS}: generator.safetensors: sha256 ")
    assert f"expected {manifest.files[0].sha256}" in line
    with pytest.raises(CorruptArtifact, match=f"{ADDRESS}: generator.safetensors"):
        store.read(manifest, "generator.safetensors")


def test_a_file_of_two_artifacts_is_hashed_once(store: Store) -> None:
    """Whoever names other bytes at that path is not believed."""
    manifest, sound = commit(store), set[tuple[str, str]]()
    assert store.verify(manifest, sound) == []
    flip_a_byte(store, manifest.files[0])
    assert store.verify(manifest, sound) == []
    other = manifest.files[0].model_copy(update={"sha256": "0" * 64})
    assert len(store.verify(manifest.model_copy(update={"files": (other,)}), sound)) == 1
    assert len(store.verify(manifest)) == 1


def test_a_lost_file_is_named(store: Store) -> None:
    manifest = commit(store)
    store.files.remove(manifest.files[0].path)
    assert store.verify(manifest) == [
        f"{ADDRESS}: generator.safetensors: missing ({manifest.files[0].path})"
    ]
    with pytest.raises(CorruptArtifact, match="missing"):
        store.read(manifest, "generator.safetensors")


def test_a_newer_schema_is_an_error_not_an_absence(store: Store) -> None:
    fields = json.loads(commit(store).encode()) | {"schema_version": 99}
    store.put(f"artifacts/{ADDRESS}/manifest-1.json", json.dumps(fields).encode())
    for look in (lambda: store.manifest(ADDRESS), lambda: list(store.manifests())):
        with pytest.raises(StoreError, match=f"{ADDRESS}: .*version 99.* up to 1"):
            look()


def test_a_manifest_in_the_wrong_place_does_not_count(folder: Store) -> None:
    elsewhere = f"{TRAJECTORY}/step-2"
    folder.put(f"artifacts/{elsewhere}/manifest-0.json", commit(folder).encode())
    assert folder.manifest(elsewhere) is None


@settings(max_examples=30)
@given(st.lists(st.sampled_from(["whole", "file lost", "file short", "cut", "absent"]), max_size=4))
def test_the_highest_whole_generation_counts(states: list[str]) -> None:
    with tempfile.TemporaryDirectory() as root:
        store = Store(root)
        for generation, state in enumerate(states):
            _make_generation(store, generation, state)
        whole = [generation for generation, state in enumerate(states) if state == "whole"]
        found = store.manifest(ADDRESS)
        assert (found and found.generation) == (whole[-1] if whole else None)
        assert list(store.manifests()) == ([found] if found else [])


def _make_generation(store: Store, generation: int, state: str) -> None:
    stored = store.claim_attempt(TRAJECTORY).write("generator.safetensors", b"weights")
    manifest = Manifest(
        address=ADDRESS,
        generation=generation,
        attempt=1,
        files=(stored,),
        inputs={},
        result={},
        record={},
    ).encode()
    path = f"artifacts/{ADDRESS}/manifest-{generation}.json"
    if state != "absent":
        store.put(path, manifest[:-9] if state == "cut" else manifest)
    if state == "file lost":
        store.files.remove(stored.path)
    if state == "file short":
        store.files.put(stored.path, b"weight")


def test_the_newest_intact_checkpoint_of_all_attempts_is_found(store: Store) -> None:
    first, second = store.claim_attempt(TRAJECTORY), store.claim_attempt(TRAJECTORY)
    for attempt, step in ((first, 9), (first, 100), (second, 20)):
        attempt.checkpoint(step, {"state": b"%d" % step, "other": b"o"}, {})
    steps = {limit: store.latest_checkpoint(TRAJECTORY, limit) for limit in (8, 9, 50, 100, 1000)}
    assert {limit: found and found.step for limit, found in steps.items()} == {
        8: None,
        9: 9,
        50: 20,
        100: 100,
        1000: 100,
    }


@pytest.mark.parametrize("damage", ["flip", "lose", "no manifest", "cut manifest"])
def test_a_damaged_checkpoint_is_passed_over_for_an_older_one(store: Store, damage: str) -> None:
    attempt = store.claim_attempt(TRAJECTORY)
    attempt.checkpoint(10, {"state": b"ten"}, {})
    attempt.checkpoint(20, {"state": b"twenty", "more": b"more"}, {})
    newest = store.latest_checkpoint(TRAJECTORY, 20)
    assert newest is not None
    assert newest.step == 20
    path = f"artifacts/{TRAJECTORY}/attempts/{attempt.number}/checkpoints/step-00000020.json"
    if damage == "flip":
        flip_a_byte(store, newest.file("more"))
    elif damage == "lose":
        store.files.remove(newest.file("state").path)
    elif damage == "no manifest":
        store.files.remove(path)
    else:
        store.put(path, newest.encode()[:-20])
    found = store.latest_checkpoint(TRAJECTORY, 20)
    assert found is not None
    assert store.read(found, "state") == b"ten"
