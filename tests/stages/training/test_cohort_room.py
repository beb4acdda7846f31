"""How many GANs share a device: by an estimate first, and by what was measured from then on."""

from __future__ import annotations

import pytest
import torch

from ganray.runs.forecasts.measured import CohortMemory, kept_memory
from ganray.stages.training import cohort, cohort_room
from ganray.stages.training.cohort import Joining, run_cohort, settled
from ganray.stages.training.cohort_room import Held, Needs, at_once, known_memory, member_needs
from ganray.train.cohorts.together import Member
from tests.stages.stores import committed, copied, workspace

NAMES = ("train/marginal/0/0", "train/marginal/1+2/0", "train/joint/0+1+2/0")
CARD = "Card of 1 MB"
MB = 10**6


@pytest.mark.parametrize(
    ("room", "taken"), [(None, 5), (100, 5), (50, 5), (49, 3), (20, 2), (10, 1), (3, 1)]
)
def test_cohorts_are_as_large_as_room_is_and_as_equal_as_can_be(room, taken):
    assert at_once([Needs(10), *[Needs(4)] * 4], room) == taken


def test_what_was_measured_counts_before_an_estimate_whose_images_were_others():
    known = CohortMemory(members=3, bytes=100, images=10, device_name=CARD)
    assert Needs(1000, images=10).by(known) == 100
    assert Needs(1000, images=40).by(known) == 160  # they lie there twice
    assert Needs(1000, images=40).by(None) == 1000
    assert at_once([Needs(1000, images=10)] * 8, 400, known) == 4


@pytest.fixture
def card(monkeypatch) -> None:
    """The CPU passes for a GPU of one megabyte, of which a cohort takes 0.6."""

    class Taken(Held):
        def __init__(self, device: str) -> None:
            pass

        def most(self) -> int:
            return 600_000

    monkeypatch.setattr(cohort, "Held", Taken)
    monkeypatch.setattr(cohort, "room", lambda *_: MB)
    monkeypatch.setattr(cohort_room, "choose_device", lambda _: torch.device("cuda"))
    monkeypatch.setattr(cohort_room, "device_name", lambda _: CARD)


def test_a_cohorts_memory_is_on_record_and_believed_by_the_next(tiny_run, tmp_path, card):
    store = copied(tiny_run, tmp_path, "data")
    tasks = [tiny_run.plan.task(name) for name in NAMES]
    needs = [member_needs(task, tiny_run.plan) for task in tasks]
    assert needs[2].images == needs[0].images + needs[1].images > 0
    ends = []
    joining = [
        Joining(task, lambda log, _, own=task: workspace(store, own), lambda *end: ends.append(end),
                need._replace(bytes=MB // 3))
        for task, need in zip(tasks, needs, strict=True)
    ]  # fmt: skip
    run_cohort(joining, store, "cpu")
    assert [error for error, _ in ends] == [None] * 3
    assert {committed(store, task).record["device_bytes"] for task in tasks} == {200_000}
    known = known_memory(store, tasks[0], needs[0].shape, "cuda")
    assert known == kept_memory(store, needs[0].shape, tasks[2], CARD)
    assert (known.members, known.bytes, known.device_name) == (3, 200_000, CARD)
    assert known.images == sum(one.images for one in needs) // 3
    assert kept_memory(store, needs[0].shape, tasks[0], "another card") is None
    assert at_once(needs, MB, known) == 3


@pytest.mark.parametrize(
    ("iterations", "believed"),
    [((50, 50, 50), True), ((90, 50, 50), True), ((50, 0, 0), False), ((2, 2, 2), False)],
)
def test_what_was_never_whole_or_captured_is_not_believed(iterations, believed):
    """As when all but one of a cohort are resumed at their ends."""
    members = [Member(lambda _: None) for _ in iterations]
    for member, count in zip(members, iterations, strict=True):
        member.steady = count / 10, count
    assert settled(members) == believed


def test_of_a_cpu_nothing_is_told():
    assert Held("cpu").most() is None
