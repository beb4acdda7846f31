"""One line for each failure of a stage: what happened, measured, and what to do."""

from __future__ import annotations

import errno
import platform
import socket

import pytest
import torch

from ganray.errors import StoreError, TrainingDiverged
from ganray.runs.progress.failures import CONSEQUENCE, by_cause, failure_lines
from ganray.stages.remedies import explain
from ganray.store import Store

HOST = platform.node()
PEAKS = {"peak_memory": 3 * 2**30, "peak_gpu_memory": 5 * 2**29}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), ("GPU", "2.5 GiB", "num_gpus")),
        (MemoryError(), (HOST, "3.0 GiB", "train.batch", "resources.num_cpus")),
        (
            OSError(errno.ENOSPC, "No space left", "/tmp/x"),
            ("disk", HOST, "/tmp/x", "same"),
        ),
        (OSError(errno.EHOSTUNREACH, "No route to host"), ("no route", HOST)),
        (socket.gaierror(-2, "Name or service not known"), ("cannot resolve", HOST)),
        (StoreError("store s3://b: the session token has expired (x)"), ("renew the credentials",)),
        (StoreError("store s3://b: access denied: the key may not (x)"), ("every node needs",)),
        (StoreError("store /x: no space left on the device (y)"), ("no space left", "free space")),
    ],
)
def test_what_happened_and_what_to_do(error: Exception, said: tuple[str, ...]) -> None:
    line = explain(error, PEAKS)
    assert "\n" not in line
    for text in said:
        assert text in line


def test_an_allocation_that_torch_cannot_make() -> None:
    with pytest.raises(RuntimeError) as refused:
        torch.empty(2**60, dtype=torch.uint8)
    assert "is out of memory (measured peak of this task's process: 3.0 GiB)" in explain(
        refused.value, PEAKS
    )


def test_a_full_disk_as_the_store_tells_it() -> None:
    """/dev/full refuses every write as a full disk does."""
    with pytest.raises(OSError) as full, open("/dev/full", "wb", buffering=0) as device:  # noqa: PTH123
        device.write(b"x")
    assert explain(full.value).startswith(f"the disk of {HOST} is full")


def test_a_store_that_may_not_be_read_is_explained(tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError) as refused:
        Store(str(tmp_path / "file" / "below")).put("a", b"x")
    assert explain(refused.value) == str(refused.value)


def test_the_cause_behind_an_error_counts() -> None:
    error = ValueError("while writing")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert "is full" in explain(error)


def test_others_are_left_as_they_are() -> None:
    assert explain(TrainingDiverged("loss is NaN; try less")) == "loss is NaN; try less"
    assert explain(KeyError("model")) == "KeyError: 'model'"
    assert explain(ValueError("one\ntwo")) == "ValueError: one"


def test_secrets_are_taken_out() -> None:
    line = explain(RuntimeError("GET http://ann:pa55word@host/x?X-Amz-Signature=0123abcd"))
    assert line == "RuntimeError: GET http://host/x"


_FULL = (
    "store s3://b/x: no space left (artifacts/train/{}/attempts/1/state); free space there, then"
)


def test_failures_of_one_outer_cause_are_one_line():
    failed = {
        "class 0 r0": _FULL.format("a1"),
        "samples class 0 r0": f"{CONSEQUENCE} class 0 r0",
        "class 1 r0": _FULL.format("b2"),
        "joint r0": "critic_loss became nan in iteration 1",
        "samples joint r0": f"{CONSEQUENCE} joint r0",
    }
    assert failure_lines(failed) == [
        "3 tasks failed: store s3://b/x: no space left (…)",
        "failed: joint r0: critic_loss became nan in iteration 1",
        "failed: samples joint r0: not possible without joint r0",
    ]
    assert by_cause(failed)[0][0] == ["class 0 r0", "samples class 0 r0", "class 1 r0"]


def test_tasks_that_fail_alike_each_of_its_own_are_told_apart():
    failed = dict.fromkeys(("a", "b"), "critic_loss became nan in iteration 1")
    assert len(failure_lines(failed)) == 2
    alone = {"a": _FULL.format("a1")}
    assert failure_lines(alone) == [f"failed: a: {_FULL.format('a1')}"]
