"""Whose fault a death was, and what to do about it: Ray's own exceptions, and what Ray writes."""

from __future__ import annotations

import pytest
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    NodeDiedError,
    OutOfMemoryError,
    RuntimeEnvSetupError,
)

from ganray.distributed.scheduler.units import BLAMELESS_LOSSES, Bundle, Unit
from ganray.distributed.worker.assignment import Assignment
from ganray.distributed.worker.deaths import Circumstances, explain_death
from ganray.plan import Task

GIB = 2**30


def died(text: str) -> ActorDiedError:
    """As Ray 2.60 words it: several lines, of which the last tells."""
    error = ActorDiedError()
    error.error_msg = f"The actor died unexpectedly before finishing this task.\n\tpid: 7\n{text}"
    return error


CRASH = died(
    "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR"
)
NODE = died(
    "The actor died because its node has died. Node Id: 00\n\tthe actor's node was terminated "
    "unexpectedly: health check failed due to missing too many heartbeats"
)


@pytest.mark.parametrize(
    ("error", "own_fault", "said"),
    [
        (CRASH, True, "measured peak: 2.0 GiB"),
        (NODE, False, "has died or was cut off (unexpectedly: health check failed"),
        (NodeDiedError("gone"), False, "has died or was cut off"),
        (ActorUnavailableError("not now", b"0" * 16), False, "does not answer"),
        (RuntimeEnvSetupError("pip failed"), True, "runtime environment could not be set up"),
        (died("killed by `ray.kill`."), False, "somebody ended it"),
        (
            died("ModuleNotFoundError: No module named 'ganray'"),
            True,
            "same Python, Ray and ganray",
        ),
        (StopIteration(), True, "without an outcome"),
        (died("something new"), True, "something new"),
    ],
)
def test_each_kind_of_death(error: Exception, own_fault: bool, said: str) -> None:
    death = explain_death(error, Circumstances(memory=2 * GIB))
    assert said in death.what
    assert "\n" not in death.what
    assert (death.own_fault, death.preempted) == (own_fault, False)


@pytest.mark.parametrize("hungriest", [True, False])
def test_out_of_memory_is_the_fault_of_the_hungriest(hungriest: bool) -> None:
    error = OutOfMemoryError("Memory on the node was 15.2GB / 16.0GB, above the threshold")
    death = explain_death(error, Circumstances(memory=3 * GIB, hungriest=hungriest))
    assert death.own_fault is hungriest
    assert "3.0 GiB" in death.what
    assert "train.batch" in death.what


def test_a_death_on_a_draining_node_is_a_preemption() -> None:
    death = explain_death(CRASH, Circumstances(leaving=True))
    assert death.preempted
    assert not death.own_fault


def test_a_node_that_is_no_longer_there_is_to_blame() -> None:
    assert not explain_death(CRASH, Circumstances(gone=True)).own_fault


def unit() -> Unit:
    task = Task(kind="train", title="t", key="k", parameters={}, inputs={})
    return Unit(Assignment("/x", task, None, None, "cpu", 60.0, False), Bundle(1.0, 0.0))


def test_what_kills_its_worker_every_time_fails_after_its_attempts() -> None:
    one = unit()
    assert [one.lost(True, 3) for _ in range(3)] == [True, True, False]


def test_lost_nodes_use_up_no_attempts() -> None:
    one = unit()
    assert all(one.lost(False, 3) for _ in range(BLAMELESS_LOSSES * 3))
    assert one.attempt == 1
    assert not one.lost(False, 3), "it may yet be what kills its nodes"


def test_getting_further_proves_that_lost_nodes_were_not_its_doing() -> None:
    one = unit()
    for step in range(1, 10 * BLAMELESS_LOSSES):
        one.advanced(step)
        assert one.lost(False, 1)
