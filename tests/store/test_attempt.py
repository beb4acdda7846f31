"""Payload, checkpoints and commits of one attempt."""

from __future__ import annotations

import hashlib
import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput, StoreError
from ganray.store import Store
from tests.store.artifacts import ADDRESS, TRAJECTORY, commit


def test_what_is_committed_is_read_back(store: Store) -> None:
    manifest = commit(store, content=b"weights")
    assert store.manifest(ADDRESS) == manifest
    assert store.read(manifest, "generator.safetensors") == b"weights"
    assert manifest.files[0].sha256 == hashlib.sha256(b"weights").hexdigest()
    assert manifest.result == {"steps": 1000}
    assert manifest.generation == 0


def test_nothing_is_there_before_the_commit(store: Store) -> None:
    attempt = store.claim_attempt(TRAJECTORY)
    attempt.write("generator.safetensors", b"weights")
    assert store.manifest(ADDRESS) is None
    assert list(store.manifests()) == []


def test_the_first_commit_wins_and_the_second_adopts_it(store: Store) -> None:
    first = commit(store, content=b"first", seconds=1.0)
    second = commit(store, content=b"second", seconds=2.0)
    assert second == first == store.manifest(ADDRESS)


def test_equal_content_has_an_equal_digest_whoever_made_it(store: Store) -> None:
    first = commit(store, f"{TRAJECTORY}/step-1", seconds=1.0)
    second = commit(store, f"{TRAJECTORY}/step-2", seconds=2.0)
    assert (first.digest, first.attempt) != (second.digest, second.attempt)
    assert first.digest == second.digest


def test_a_missing_or_short_payload_is_not_committed(store: Store) -> None:
    attempt = store.claim_attempt(TRAJECTORY)
    stored = attempt.write("generator.safetensors", b"weights")
    missing = stored.model_copy(update={"path": f"{stored.path}.none"})
    short = stored.model_copy(update={"size": 8})
    for wrong in (missing, short):
        with pytest.raises(StoreError, match=r"not committed.*generator.safetensors"):
            attempt.commit(ADDRESS, [stored, wrong], inputs={}, result={}, record={})
    assert store.manifest(ADDRESS) is None


def test_an_address_or_file_of_another_trajectory_is_refused(folder: Store) -> None:
    attempt, other = folder.claim_attempt(TRAJECTORY), folder.claim_attempt("train/other")
    foreign = other.write("generator.safetensors", b"weights")
    with pytest.raises(RefusedInput, match="train/other/step-1"):
        attempt.commit("train/other/step-1", [], inputs={}, result={}, record={})
    with pytest.raises(RefusedInput, match=r"generator\.safetensors"):
        attempt.commit(ADDRESS, [foreign], inputs={}, result={}, record={})


def test_an_invalid_manifest_is_repaired_by_the_next_generation(store: Store) -> None:
    damaged = commit(store, content=b"first")
    store.files.remove(damaged.files[0].path)
    assert store.manifest(ADDRESS) is None
    repaired = commit(store, content=b"first")
    assert repaired.generation == 1
    assert repaired.digest == damaged.digest
    assert store.manifest(ADDRESS) == repaired


def test_an_unreadable_manifest_is_repaired_by_the_next_generation(store: Store) -> None:
    store.put(f"artifacts/{ADDRESS}/manifest-0.json", b'{"schema_version": 1, "addr')
    assert commit(store).generation == 1


def test_a_later_generation_supersedes_and_is_adopted_by_latecomers(store: Store) -> None:
    commit(store, content=b"damaged")
    repaired = commit(store, content=b"whole", generation=1)
    assert repaired.generation == 1
    assert commit(store, content=b"late") == repaired
    assert commit(store, content=b"late", generation=1) == repaired


def test_files_of_one_name_never_overwrite_each_other(store: Store) -> None:
    attempt = store.claim_attempt(TRAJECTORY)
    first = attempt.write("generator.safetensors", b"step 500")
    with attempt.open("generator.safetensors") as writer:
        writer.write(b"step 1000")
    third = attempt.write("generator.safetensors", b"step 2000")
    contents = {500: first, 1000: writer.stored, 2000: third}
    for step, file in contents.items():
        attempt.commit(f"{TRAJECTORY}/step-{step}", [file], inputs={}, result={}, record={})
    for manifest in store.manifests():
        expected = manifest.address.rpartition("-")[2].encode()
        assert store.read(manifest, "generator.safetensors") == b"step " + expected
    assert len(list(store.manifests())) == 3


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=25,
)
@given(st.lists(st.binary(max_size=300), max_size=6))
def test_a_streamed_file_is_the_same_as_a_written_one(folder: Store, pieces: list[bytes]) -> None:
    attempt = folder.claim_attempt(TRAJECTORY)
    with attempt.open("streamed") as writer:
        for piece in pieces:
            assert writer.write(piece) == len(piece)
    whole = attempt.write("whole", b"".join(pieces))
    assert folder.get(writer.stored.path) == b"".join(pieces)
    assert (writer.stored.size, writer.stored.sha256) == (whole.size, whole.sha256)


@pytest.mark.s3
def test_a_stream_of_several_parts_is_whole(s3_url: str) -> None:
    attempt = Store(s3_url).claim_attempt(TRAJECTORY)
    piece = bytes(range(256)) * 2**15  # 8 MiB
    with attempt.open("features.parquet") as writer:
        for _ in range(5):
            writer.write(piece)
    content = Store(s3_url).get(writer.stored.path)
    assert content == piece * 5
    assert writer.stored.sha256 == hashlib.sha256(piece * 5).hexdigest()


@pytest.mark.parametrize("mebibytes", [0, 20])
def test_a_stream_that_fails_leaves_no_file(store: Store, mebibytes: int) -> None:
    attempt = store.claim_attempt(TRAJECTORY)
    before = store.list("")

    def fail_half_way() -> None:
        with attempt.open("features.parquet") as writer:
            writer.write(b"half" + bytes(mebibytes * 2**20))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert store.list("") == before
    assert list(store.files.leftovers()) == []


@pytest.mark.parametrize("name", ["claim.json", "checkpoints/x", "../x", "/x", ""])
def test_names_that_the_store_uses_itself_are_refused(folder: Store, name: str) -> None:
    with pytest.raises(RefusedInput, match=r"name \(="):
        folder.claim_attempt(TRAJECTORY).write(name, b"")


def test_claims_differ_and_keep_their_note(store: Store) -> None:
    attempts = [store.claim_attempt(TRAJECTORY, {"host": f"h{i}"}) for i in range(3)]
    assert len({attempt.number for attempt in attempts}) == 3
    path = f"artifacts/{TRAJECTORY}/attempts/{attempts[1].number}/claim.json"
    assert b'"h1"' in (store.get(path) or b"")


def test_an_attempt_may_travel_to_another_process(store: Store) -> None:
    attempt = pickle.loads(pickle.dumps(store.claim_attempt(TRAJECTORY)))
    stored = attempt.write("generator.safetensors", b"weights")
    attempt.commit(ADDRESS, [stored], inputs={}, result={}, record={})
    assert store.manifest(ADDRESS) is not None


def test_a_checkpoint_may_be_stored_twice_but_not_changed(store: Store) -> None:
    attempt = store.claim_attempt(TRAJECTORY)
    attempt.checkpoint(10, {"state": b"ten"}, {"images": 640})
    attempt.checkpoint(10, {"state": b"ten"}, {"images": 640})
    with pytest.raises(StoreError, match=r"checkpoint 10 .*other content"):
        attempt.checkpoint(10, {"state": b"TEN"}, {"images": 640})
    found = store.latest_checkpoint(TRAJECTORY, 10)
    assert found is not None
    assert store.read(found, "state") == b"ten"
    assert found.info == {"images": 640}
