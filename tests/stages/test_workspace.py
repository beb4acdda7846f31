"""What a stage is given: its inputs, commits that know what they were made from, and threads."""

from __future__ import annotations

import platform
import subprocess
import sys

import numpy as np
import pytest
import torch

from ganray.data import DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.errors import StoreError
from ganray.plan import PlanBuilder, Task
from ganray.plan.parameters import DataParameters, EmbedParameters, EncoderParameters
from ganray.process.numerics import threads
from ganray.specs import EmbedSpec
from ganray.stages.workspace import Workspace
from ganray.store import Store
from ganray.tensors import pack
from ganray.train.encoder_spec import EncoderSpec
from tests.stages.stores import workspace


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path))


SET = DataParameters(fingerprint="f", splits={}, data=DatasetSpec())
NETWORK = EncoderParameters(encoder=EncoderSpec(), seed=1)
FEATURES = EmbedParameters(embed=EmbedSpec(), split="test")


@pytest.fixture
def pair() -> tuple[Task, Task]:
    """A task, and one that takes it as its input `data`."""
    builder = PlanBuilder()
    first = builder.add("first", "data", "the first", SET, {})
    return first, builder.add("second", "encoder", "the second", NETWORK, {"data": first})


def test_a_commit_records_what_its_inputs_held(store, pair):
    first, second = pair
    made = workspace(store, first).commit({"a.bin": b"1"}, {"n": 1})
    manifest = workspace(store, second).commit({"b.bin": b"2"}, {"x": 2.5}, device="cpu")
    assert manifest.inputs == {first.address: made.digest}
    assert manifest.result == {"x": 2.5}
    assert manifest.record["device"] == "cpu"
    assert {"seconds", "host", "torch", "cpu_capability", "threads"} <= manifest.record.keys()


def test_timing_and_host_are_in_no_digest(store, tmp_path, pair):
    one = workspace(store, pair[0]).commit({"a.bin": b"1"}, {"n": 1}, seconds=1.0)
    other = Store(str(tmp_path / "other"))
    two = workspace(other, pair[0]).commit({"a.bin": b"1"}, {"n": 1}, seconds=9.0)
    assert one.record["seconds"] != two.record["seconds"]
    assert one.digest == two.digest


def test_the_first_of_equal_attempts_counts(store, pair):
    mine = workspace(store, pair[0]).commit({"a.bin": b"1"}, {"n": 1})
    theirs = workspace(store, pair[0]).commit({"a.bin": b"1"}, {"n": 1})
    assert theirs == mine


def test_a_stale_artifact_is_superseded_and_so_is_one_that_is_redone(store, pair):
    first, second = pair
    workspace(store, first).commit({"a.bin": b"1"}, {"n": 1})
    old = workspace(store, second).commit({"b.bin": b"2"}, {})
    redone = workspace(store, first, redo=True).commit({"a.bin": b"other"}, {"n": 1})
    new = workspace(store, second).commit({"b.bin": b"3"}, {})
    assert (old.generation, redone.generation, new.generation) == (0, 1, 1)
    assert new.inputs == {first.address: redone.digest}
    assert store.manifest(second.address) == new


def test_a_missing_input_is_named(store, pair):
    with pytest.raises(StoreError, match=rf"the second: its input {pair[0].address} is not in"):
        workspace(store, pair[1]).input("data")


def test_an_external_data_set_is_its_digest_and_needs_its_place(store):
    task = PlanBuilder().add("e", "encoder", "e", NETWORK, {"data": "external/abc/whole"})
    assert workspace(store, task).input_digests == {"external/abc/whole": "abc"}
    with pytest.raises(StoreError, match="does not say where this data set lies"):
        workspace(store, task).dataset()


def test_packed_arrays_are_equal_bytes_whatever_their_order_and_layout(store, pair):
    a, b = np.arange(6.0).reshape(2, 3), np.arange(4, dtype=np.uint8)
    assert pack({"a": a, "b": b}) == pack({"b": b, "a": np.asfortranarray(a)})
    workspace(store, pair[0]).commit({"x.safetensors": pack({"a": a.T, "b": b})}, {})
    found = workspace(store, pair[1]).arrays("data", "x.safetensors")
    np.testing.assert_array_equal(found["a"], a.T)
    np.testing.assert_array_equal(found["b"], b)


def test_threads_are_held_and_given_back():
    before = torch.get_num_threads()
    with threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
    with pytest.raises(ZeroDivisionError), threads(before + 1):
        raise ZeroDivisionError
    assert torch.get_num_threads() == before


def test_a_set_outside_the_store_must_be_the_one_that_was_planned(store, tmp_path):
    """Its folder was written anew since, or is another one on this node."""
    spec = DatasetSpec()
    info = import_dataset(open_source(spec), spec, new_dataset_folder(str(tmp_path / "set")))
    for digest in (info.digest, "0" * 64):
        data = f"external/{digest}/whole"
        task = PlanBuilder().add("task", "encoder", "the encoder", NETWORK, {"data": data})
        work = Workspace(store, task, dataset_url=str(tmp_path / "set"))
        if digest == info.digest:
            assert work.dataset().info == info
            continue
        with pytest.raises(StoreError, match=rf"is the set {info.digest[:12]}, but 000000000000"):
            work.dataset()


def test_every_shard_has_a_folder_of_its_own(store):
    """Or the n-th shard would upload its files n times before it finds a free name."""
    task = PlanBuilder().add("task", "embed", "the features", FEATURES, {}, chunks=24)
    work = workspace(store, task)
    paths = [work.commit({"a.bin": b"1"}, {}, chunks=part).files[0].path for part in task.shards]
    assert [path.rsplit("/", 2)[1] for path in paths] == [
        f"chunks-{first:06d}-{first + 8:06d}" for first in (0, 8, 16)
    ]


FAULTS = """
import resource
import numpy as np, torch
from ganray.models import DefenseGan
from ganray.process.numerics import threads
from ganray.train import GanTrainer, WganGp

def faults(iterations):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(iterations):
        trainer.advance()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

torch.set_num_threads(1)
trainer = GanTrainer(np.zeros((50, 1, 28, 28), np.uint8), DefenseGan(width=16), WganGp())
faults(3)
print(faults(5))
with threads(1):
    faults(3)
    print(faults(5))
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not glibc's malloc")
def test_iterations_take_no_memory_anew():
    """Counted in page faults, in a process of its own: what malloc is told holds for good."""
    told = subprocess.run(
        [sys.executable, "-c", FAULTS], check=True, capture_output=True, text=True
    ).stdout
    before, after = map(int, told.split())
    assert after < before / 10
