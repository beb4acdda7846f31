"""The ceiling: every task says what it takes; what does not fit is refused, or warned of."""

from __future__ import annotations

import pytest

from ganray.cost import ceiling, estimate
from ganray.cost.ceiling import BASE_BYTES, Room, beyond, needs, refuse_beyond, told_of_largest
from ganray.cost.timing import measured
from ganray.errors import RefusedInput
from ganray.models.defense_gan import DefenseGan
from ganray.plan import Resources
from ganray.studies import read_study
from ganray.train.algorithms.wgan_gp import WganGp
from tests.cli.command import ganray


@pytest.fixture(scope="module")
def large(tiny_study):
    return read_study(str(tiny_study), ["data.size=8192"]).plan()


def test_every_task_of_the_tiny_study_takes_something(tiny_run):
    needed = needs(tiny_run.plan)
    assert needed.keys() == tiny_run.plan.by_address.keys()
    assert all(0 < size < 2**30 for size in needed.values()), needed


def test_larger_images_take_more_of_every_kind_that_sees_some(tiny_run, large):
    small, big = needs(tiny_run.plan), needs(large)
    for role, address in tiny_run.plan.roles.items():
        kind = tiny_run.plan.by_address[address].kind
        if kind in ("train", "encoder", "embed", "targets", "search", "sample"):
            assert big[large.roles[role]] > 5 * small[address], role


def test_the_joint_gan_holds_more_images_than_a_marginal_one(tiny_run):
    needed, roles = needs(tiny_run.plan), tiny_run.plan.roles
    assert needed[roles["train/joint/0+1+2/0"]] > needed[roles["train/marginal/0/0"]]


def test_what_does_not_fit_is_told_with_what_lowers_it(large):
    needed, tasks = needs(large), [t for t in large.tasks if t.kind in ("train", "encoder")]
    most = max(tasks, key=lambda task: needed[task.address])
    said = beyond(tasks, needed, Room(8_000_000_000))
    assert said.startswith(f"{most.title} needs about ")
    assert "and this machine has 8.0 GB; lower data.size" in said
    assert told_of_largest(tasks, needed).startswith(f"largest task: {most.title}, about ")
    assert not beyond(tasks, needed, Room(needed[most.address] + BASE_BYTES))
    assert not beyond(tasks, needed, Room(None))


def test_trainers_on_a_gpu_are_held_against_its_memory(large):
    needed = needs(large)
    gan = large.task("train/joint/0+1+2/0")
    assert "has 1.0 GB" in beyond([gan], needed, Room(10**15, gpu=10**9))
    assert not beyond([gan], needed, Room(10**9, gpu=10**15))


def test_it_is_refused_or_warned_of(large):
    needed, room = needs(large), Room(8_000_000_000)
    with pytest.raises(RefusedInput, match=r"or set resources\.beyond_memory=warn to run"):
        refuse_beyond(large.tasks, needed, room, Resources())
    warned = refuse_beyond(large.tasks, needed, room, Resources(beyond_memory="warn"))
    assert warned == beyond(large.tasks, needed, room)


def test_plans_of_large_images_time_nothing(large, monkeypatch):
    def timed(*_, **__):
        raise AssertionError("a step was timed")

    monkeypatch.setattr(estimate, "seconds_per_iteration", timed)
    found = estimate.estimate(large)
    gan = large.roles["train/joint/0+1+2/0"]
    assert found[gan].seconds == pytest.approx(found[gan].flops / estimate.USUAL_SPEED)


def test_a_speed_that_takes_more_memory_than_there_is_is_not_measured():
    with pytest.raises(RefusedInput, match=r"budget\.device_seconds.* GB are free here"):
        measured((3, 8192, 8192), DefenseGan(width=16), WganGp(), "cpu")


def test_the_commands_say_so(tiny_study, tmp_path, monkeypatch):
    words = (tiny_study, "--store", tmp_path / "store")
    fits = ganray("plan", *words, "--json").json
    assert fits["beyond_memory"] is None
    assert fits["memory"] == max(task["memory"] for task in fits["tasks"])
    monkeypatch.setattr(ceiling, "memory_given", lambda: 200_000_000)
    planned = ganray("plan", *words)
    assert planned.code == 0
    assert "largest task: " in planned.out
    assert "warning: " in planned.out
    assert "and this machine has 200 MB" in planned.out
    refused = ganray("run", *words, "--runner", "local")
    assert refused.code == 2
    assert "resources.beyond_memory=warn" in refused.err
    assert not (tmp_path / "store" / "runs").exists()
    more = ("--set", "resources.beyond_memory=warn", "--runner", "local", "--only", "train")
    went_on = ganray("run", *words, *more)
    assert went_on.code == 0
    assert "and this machine has 200 MB" in went_on.err
