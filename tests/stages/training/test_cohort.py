"""GANs trained together through the store: each is what it is alone, and fails alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ganray.errors import Stopped, TrainingDiverged
from ganray.plan import Task
from ganray.runs.cohorts import shape_of
from ganray.runs.forecasts.measured import kept_speed
from ganray.runs.progress.events import Event
from ganray.stages import run_whole
from ganray.stages.training import cohort
from ganray.stages.training.cohort import train_cohort
from ganray.store import Store
from ganray.tensors import deserialise
from ganray.train import loop
from ganray.train.cohorts import Cohort, together
from ganray.train.cohorts.products import Geometry, races
from tests.stages.stores import committed, copied, stop_after, workspace

NAMES = ("train/marginal/0/0", "train/marginal/1+2/0", "train/joint/0+1+2/0")
UNTIL = 4  # iterations of the tiny study
GEOMETRY = Geometry((8, 8), (5, 5), (2, 2), (2, 2))


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members are asked whether they go on, and looked at, after every iteration."""
    monkeypatch.setattr(loop, "REPORT_STEPS", 1)
    monkeypatch.setattr(together, "STEPS", 1)


@pytest.fixture
def gans(tiny_run) -> list[Task]:
    return [tiny_run.plan.task(name) for name in NAMES]


@pytest.fixture
def store(tiny_run, tmp_path) -> Store:
    """A store that holds the data set and nothing else."""
    return copied(tiny_run, tmp_path, "data")


def trained(store: Store, tasks: list[Task], **changes: Any) -> dict[str, Exception | None]:
    """Train them together; what each has ended of, by its title."""
    ends: dict[str, Exception | None] = {}
    works = [workspace(store, task, **changes) for task in tasks]

    def ended(work, error) -> None:
        assert work.task.title not in ends
        ends[work.task.title] = error

    train_cohort(works, ended)
    assert len(ends) == len(tasks)
    return ends


def weights(store: Store, task: Task) -> dict[str, torch.Tensor]:
    return deserialise(store.read(committed(store, task), "generator.safetensors"))


def assert_alike(one: Store, other: Store, task: Task) -> None:
    """Equal but for the last bits, and all that the manifests say of the result."""
    mine, theirs = committed(one, task), committed(other, task)
    assert mine.result == theirs.result
    assert mine.inputs == theirs.inputs
    assert [file.name for file in mine.files] == [file.name for file in theirs.files]
    for name, value in weights(other, task).items():
        torch.testing.assert_close(weights(one, task)[name], value, rtol=1e-4, atol=1e-6)


def test_marginal_and_joint_gans_share_a_cohort(gans):
    assert len({shape_of(task) for task in gans}) == 1
    assert shape_of(gans[0])


def test_each_is_what_it_is_alone(tiny_run, store, gans):
    events: list[Event] = []
    assert trained(store, gans, tell=events.append) == dict.fromkeys(t.title for t in gans)
    for task in gans:
        assert_alike(store, tiny_run.store, task)
        record = committed(store, task).record
        assert record["cohort"] == 3
        assert record["device"] == "cpu"
        assert record["device_seconds"] > 0
        assert "products" not in record  # on a CPU none is raced
        speed = kept_speed(store, committed(store, task).result["shape"], task, "cpu", 2)
        assert (speed.members, speed.iterations, speed.device_name) == (3, UNTIL - 1, "CPU")
        assert 0 < speed.seconds < record["device_seconds"]
        own = [event for event in events if event.address == task.address]
        assert own[-1].details == {"finished": True}
        assert any(event.details.get("checkpoint") == UNTIL for event in own)


def test_what_was_raced_is_on_record_and_changes_no_digest(tiny_run, store, gans, monkeypatch):
    raced = races.Raced("Card", "maps", (2, 5, 1, 8, 8), (2, 4, 1, 5, 5), GEOMETRY, "tf32", "bias")
    monkeypatch.setattr(races, "_won", {raced: "columns"})
    monkeypatch.setattr(races, "_milliseconds", {raced: {"columns": 0.5, "grouped": 1.0}})
    monkeypatch.setattr(cohort, "forget_met", lambda: races._met.update({raced: None}))
    trained(store, gans[:2])
    races._met.clear()
    manifest = committed(store, gans[0])
    assert manifest.record["products"] == {
        "maps 2x5x1x8x8 by 2x4x1x5x5 stride 2 tf32, bias": "columns"
    }
    without = {name: value for name, value in manifest.record.items() if name != "products"}
    assert manifest.model_copy(update={"record": without}).digest == manifest.digest


@pytest.mark.slow
def test_results_do_not_depend_on_who_shares_a_cohort(tiny_run, store, gans, tmp_path):
    """But for the last bits: those of a product depend on where in memory it lies."""
    trained(store, gans)
    for at, some in enumerate((gans[:1], gans[1:])):
        other = copied(tiny_run, tmp_path / str(at), "data")
        trained(other, some)
        for task in some:
            assert_alike(other, store, task)


@pytest.mark.parametrize("together_first", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_checkpoints_go_from_cohort_to_solo_and_back(tiny_run, store, gans, together_first):
    def alone() -> None:
        for task in gans:
            with pytest.raises(Stopped):
                run_whole(workspace(store, task, should_stop=stop_after(2)))

    if together_first:
        ends = trained(store, gans, should_stop=stop_after(6))
        assert all(isinstance(error, Stopped) for error in ends.values())
        for task in gans:
            run_whole(workspace(store, task))
    else:
        alone()
        assert not any(trained(store, gans).values())
    for task in gans:
        assert_alike(store, tiny_run.store, task)


@pytest.mark.slow
def test_a_cohort_that_was_stopped_ends_as_one_that_was_not(tiny_run, store, gans, tmp_path):
    undisturbed = copied(tiny_run, tmp_path / "undisturbed", "data")
    trained(undisturbed, gans)
    ends = trained(store, gans, should_stop=stop_after(6))  # each is asked before each iteration
    for task in gans:
        assert "stopped at 2 of 4 and is kept" in str(ends[task.title])
        assert store.latest_checkpoint(task.trajectory, UNTIL).step == 2
    trained(store, gans)
    for task in gans:
        assert committed(store, task).digest == committed(undisturbed, task).digest


@pytest.mark.slow
def test_members_at_different_iterations_meet(tiny_run, store, gans, tmp_path, moved):
    undisturbed = copied(tiny_run, tmp_path / "undisturbed", "data")
    trained(undisturbed, gans)
    moved.clear()
    for task, asked in zip(gans[:2], (1, 3), strict=True):
        trained(store, [task], should_stop=stop_after(asked))
    moved.clear()
    trained(store, gans)
    assert moved == [1, 2, 2, 3]  # the joint one from 0, class 0 from 1, the other from 3
    for task in gans:
        assert_alike(store, undisturbed, task)


@pytest.fixture
def moved(monkeypatch) -> list[int]:
    """How many were moved, by iterations; each is asked for by itself."""
    sizes: list[int] = []
    advance = Cohort.advance

    def counted(cohort: Cohort, iterations: int = 1) -> torch.Tensor:
        sizes.extend([len(cohort)] * iterations)
        return advance(cohort, iterations)

    monkeypatch.setattr(Cohort, "advance", counted)
    return sizes


def test_one_that_diverges_fails_alone(tiny_run, store, gans, monkeypatch):
    poison(monkeypatch, gans[1], after=2)
    ends = trained(store, gans)
    error = ends.pop(gans[1].title)
    assert isinstance(error, TrainingDiverged)
    assert "became nan in iteration 3; the last good checkpoint" in str(error)
    assert not any(ends.values())
    assert store.manifest(gans[1].address) is None
    for task in (gans[0], gans[2]):
        assert_alike(store, tiny_run.store, task)


@pytest.mark.slow
def test_those_that_are_left_when_most_diverge_go_on_by_themselves(
    tiny_run, store, gans, monkeypatch, moved
):
    for task in gans[1:]:
        poison(monkeypatch, task, after=2)
    ends = trained(store, gans)
    assert [type(error) for error in ends.values()] == [TrainingDiverged] * 2 + [type(None)]
    assert moved == [3, 3, 3, 1]
    assert_alike(store, tiny_run.store, gans[0])


def poison(monkeypatch: pytest.MonkeyPatch, task: Task, after: int) -> None:
    """Make weights of a GAN NaN after so many iterations."""
    seed, advance = task.parameters["seed"], Cohort.advance

    def poisoned(cohort: Cohort, iterations: int = 1) -> torch.Tensor:
        losses = advance(cohort, iterations)
        for member in cohort.members:
            if member.seed == seed and member.step == after:
                next(member.networks["critic"].parameters()).data.fill_(np.nan)
        return losses

    monkeypatch.setattr(Cohort, "advance", poisoned)


def test_one_that_cannot_begin_or_commit_fails_alone(tiny_run, store, gans, monkeypatch):
    first, second, third = gans
    broken = first.model_copy(
        update={"parameters": first.parameters | {"classes": [99]}, "title": "broken"}
    )
    commit = type(workspace(store, second)).commit

    def committing(work, *given, **more):
        if work.task is second:
            raise OSError("the disk has gone")
        return commit(work, *given, **more)

    monkeypatch.setattr("ganray.stages.workspace.Workspace.commit", committing)
    ends = trained(store, [broken, second, third])
    assert ends[third.title] is None
    assert ends["broken"] is not None
    assert str(ends[second.title]) == "the disk has gone"
    assert_alike(store, tiny_run.store, third)


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception, above: int) -> None:
    """Cohorts of more members than these fail in their second iteration."""
    advance = Cohort.advance

    def advanced(cohort: Cohort, iterations: int = 1) -> torch.Tensor:
        if len(cohort) > above and cohort.members[0].step:
            raise error
        return advance(cohort, iterations)

    monkeypatch.setattr(Cohort, "advance", advanced)


def warned(store: Store, gans: list[Task]) -> list[str]:
    events: list[Event] = []
    assert not any(trained(store, gans, tell=events.append).values())
    return [event.details["warning"] for event in events if "warning" in event.details]


def test_a_cohort_that_is_too_large_for_its_device_is_halved(tiny_run, store, gans, monkeypatch):
    failing(monkeypatch, torch.OutOfMemoryError("CUDA out of memory"), above=2)
    warnings = warned(store, gans)
    assert len(warnings) == 3
    assert all("the cohort of 3 is halved: the GPU on" in warning for warning in warnings)
    assert [committed(store, task).record["cohort"] for task in gans] == [2, 2, 1]
    for task in gans:
        assert_alike(store, tiny_run.store, task)


@pytest.mark.slow
def test_one_that_is_too_large_even_so_is_trained_alone(tiny_run, store, gans, monkeypatch):
    failing(monkeypatch, torch.OutOfMemoryError("CUDA out of memory"), above=0)
    warned(store, gans[:2])
    for task in gans[:2]:
        assert "cohort" not in committed(store, task).record
        assert committed(store, task).digest == committed(tiny_run.store, task).digest


@pytest.mark.slow
def test_a_cohort_that_fails_for_another_reason_is_parted(tiny_run, store, gans, monkeypatch):
    failing(monkeypatch, RuntimeError("no such kernel"), above=0)
    warnings = warned(store, gans)
    assert all(one == "the cohort of 3 is parted: RuntimeError: no such kernel" for one in warnings)
    for task in gans:
        assert committed(store, task).digest == committed(tiny_run.store, task).digest
