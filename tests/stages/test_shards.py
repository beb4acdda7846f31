"""Shards: some chunks worked one after another and committed as one, kept when interrupted."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from ganray.errors import Stopped, StoreError
from ganray.plan import PlanBuilder, Task
from ganray.plan.kinds import KINDS, Kind
from ganray.plan.parameters import Parameters
from ganray.runs.records.parts import part_files, read_joined, shard_file, span, stored_shards
from ganray.stages import run_chunks, run_whole
from ganray.stages.artifacts import shard_files
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace
from ganray.store import Manifest, Store, StoredFile
from tests import HANG_SECONDS
from tests.stages.stores import flip_a_byte, stop_after, workspace

WORKED: list[int] = []


def chunk(_: Workspace, index: int) -> dict[str, np.ndarray]:
    """Two rows, the last chunk of all only one."""
    WORKED.append(index)
    return {"rows": np.arange(2 * index, 2 * index + 2), "twice": np.arange(2) + 4 * index}


def whole(work: Workspace) -> None:
    work.commit({}, {"count": 2 * work.task.chunks - 1}, stored=shard_files(work))


STAGE = Stage(whole, chunk, "rows")


@pytest.fixture(autouse=True)
def known(monkeypatch) -> None:
    WORKED.clear()
    monkeypatch.setitem(KINDS, "toy", Kind("toy", unit="terms", shard=3, home=__name__))


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(str(tmp_path))


def task(chunks: int) -> Task:
    return PlanBuilder().add("toy", "toy", "toy", Parameters(), {}, horizon=chunks, chunks=chunks)


def spans(store: Store, task: Task) -> list[range]:
    return [span(one) for one in stored_shards(store, task)]


def test_the_whole_names_the_files_of_its_shards_and_copies_none(store):
    toy = task(7)
    run_chunks(workspace(store, toy), toy.shards)
    run_whole(workspace(store, toy))
    manifest = store.manifest(toy.address)
    assert [file.name for file in manifest.files] == [
        f"rows-{first:06d}.safetensors" for first in (0, 3, 6)
    ]
    found = read_joined(store, manifest, "rows")
    assert found["rows"].tolist() == list(range(13))
    payload = [path for path in Path(store.url).rglob("*.safetensors") if path.is_file()]
    assert len(payload) == 3


@pytest.mark.parametrize("count", [13, 20, None])
def test_rows_are_read_in_the_memory_of_themselves_and_a_shard(store, count):
    """As many as the artifact counts, or all that there are."""
    toy, rows = task(30), np.arange(2)[:, None] * np.ones(50_000)
    attempt = store.claim_attempt(toy.trajectory, {})
    files = [
        attempt.write(shard_file("rows", index), save({f"rows/{index:06d}": rows + 2 * index}))
        for index in range(10)
    ]
    result = {} if count is None else {"count": count}
    manifest = attempt.commit(toy.address, files, inputs={}, result=result, record={})
    tracemalloc.start()
    found = read_joined(store, manifest, "rows")["rows"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found[:, 0].tolist() == list(range(20))[:count]
    if count:
        assert peak < found.nbytes + 6 * found[:2].nbytes


def test_what_an_interrupted_shard_has_is_kept_and_not_worked_again(store):
    toy = task(6)
    with pytest.raises(Stopped, match="toy stopped before chunk 2"):
        run_chunks(workspace(store, toy, should_stop=stop_after(2)), toy.shards)
    assert spans(store, toy) == [range(2)]
    run_chunks(workspace(store, toy), toy.shards)
    assert WORKED == [0, 1, 2, 3, 4, 5]
    assert spans(store, toy) == [range(2), range(3), range(3, 6)]


def test_a_long_shard_is_kept_on_its_way(store):
    toy = task(3)
    run_chunks(workspace(store, toy, checkpoint_seconds=0.0), toy.shards)
    assert spans(store, toy) == [range(1), range(2), range(3)]


def test_a_shard_is_committed_while_the_next_one_is_worked(store, monkeypatch):
    """The first commit ends when a chunk of the second shard has been worked, and not before."""
    toy, commit = task(6), Workspace.commit

    def late(self: Workspace, *args: Any, **named: Any) -> Manifest:
        until = time.monotonic() + HANG_SECONDS
        while 3 not in WORKED:
            assert time.monotonic() < until
            time.sleep(0.01)
        return commit(self, *args, **named)

    monkeypatch.setattr(Workspace, "commit", late)
    run_chunks(workspace(store, toy), toy.shards)
    assert spans(store, toy) == [range(3), range(3, 6)]


def test_a_commit_that_fails_ends_the_work(store, monkeypatch):
    def fails(*_: Any, **__: Any) -> Manifest:
        raise StoreError("no room")

    monkeypatch.setattr(Workspace, "commit", fails)
    with pytest.raises(StoreError, match="no room"):
        run_chunks(workspace(store, task(9)), task(9).shards)
    assert len(WORKED) < 9


@pytest.mark.parametrize(("first", "then", "anew"), [(4, 6, [4, 5]), (6, 4, []), (5, 5, [])])
def test_another_horizon_goes_on_from_the_chunks_that_there_are(store, first, then, anew):
    for chunks in (first, then):
        WORKED.clear()
        toy = task(chunks)
        run_chunks(workspace(store, toy), toy.shards)
        run_whole(workspace(store, toy))
        found = read_joined(store, store.manifest(toy.address), "rows")
        assert found["rows"].tolist() == list(range(2 * chunks - 1))
    assert anew == WORKED


def test_damaged_chunks_of_an_interrupted_shard_are_worked_again(store):
    toy = task(3)
    with pytest.raises(Stopped):
        run_chunks(workspace(store, toy, should_stop=stop_after(2)), toy.shards)
    (kept,) = stored_shards(store, toy)
    flip_a_byte(store, kept.files[0].path)
    run_chunks(workspace(store, toy), toy.shards)
    assert WORKED == [0, 1, 0, 1, 2]
    assert store.verify(store.manifest(toy.shard_address(range(3)))) == []


def test_two_workers_of_one_shard_commit_it_once(store):
    toy = task(3)
    one, other = workspace(store, toy), workspace(store, toy)
    assert one.attempt.number != other.attempt.number
    for work in (one, other):
        run_chunks(work, toy.shards)
    (kept,) = stored_shards(store, toy)
    assert kept.attempt == one.attempt.number


def test_shards_are_in_the_order_of_their_numbers_however_many_there_are():
    firsts = [999_999, 1_000_002, 3]
    files = [
        StoredFile(name=shard_file("rows", first), path="a", size=0, sha256="0" * 64)
        for first in firsts
    ]
    manifest = Manifest(address="toy/k/whole", generation=0, attempt=1, files=tuple(files),
                        inputs={}, result={}, record={})  # fmt: skip
    expected = [shard_file("rows", first) for first in sorted(firsts)]
    assert [file.name for file in part_files(manifest, "rows")] == expected
