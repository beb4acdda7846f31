"""The laboratory's games on Ray: as without it, to the bit."""

from __future__ import annotations

import pytest

from ganray.distributed.runner import RayRunner
from ganray.local import LocalRunner
from ganray.plan import Resources
from ganray.runs.agenda import Agenda
from ganray.store import Store
from ganray.studies import study_from

GAUSSIANS = {
    "study": "two_gaussians",
    "dynamics": [{"rule": "unrolled", "steps": 2, "iterations": 5}],
    "starts": {"grid": 5, "draws": 50},
    "examples": [],
}
NUMBERS = {
    "study": "one_dimension",
    "networks": {"width": 4, "depth": 1},
    "games": [
        {"name": "penalised", "train": {"algorithm": "wgan_gp", "batch": 8}, "iterations": 6},
        {"name": "minimax", "train": {"algorithm": "vanilla", "batch": 8}, "iterations": 6},
    ],
    "fractions": [0.5, 1.0],
    "samples": 32,
}


@pytest.mark.slow  # that runners agree is told by default by other studies
@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_both_runners_make_the_same_of_them(tmp_path):
    """Of both at once."""
    plans = [study_from(settings).plan() for settings in (GAUSSIANS, NUMBERS)]
    tasks = tuple(task for plan in plans for task in plan.tasks)
    plan, found = plans[0].model_copy(update={"tasks": tasks}), {}
    for name, runner in (("local", LocalRunner), ("ray", RayRunner)):
        store = Store(str(tmp_path / name))
        agenda = Agenda.open(plan, store)
        runner(Resources(device="cpu")).run(agenda)
        assert agenda.complete, agenda.failed
        found[name] = {task.address: store.manifest(task.address).digest for task in tasks}
    assert found["local"] == found["ray"]
    assert {task.kind for task in tasks} > {task.kind for task in plans[0].tasks}
