"""The laboratory's games on Ray: as without it, to the bit."""

from __future__ import annotations

import pytest

from ganray.distributed.runner import RayRunner
from ganray.local import LocalRunner
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


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
@pytest.mark.parametrize("settings", [GAUSSIANS, NUMBERS], ids=lambda told: told["study"])
def test_both_runners_make_the_same_of_it(settings, tmp_path):
    study = study_from(settings)
    plan, found = study.plan(), {}
    for name, runner in (("local", LocalRunner), ("ray", RayRunner)):
        store = Store(str(tmp_path / name))
        agenda = Agenda.open(plan, store)
        runner(study.resources).run(agenda)
        assert agenda.complete, agenda.failed
        found[name] = {task.address: store.manifest(task.address).digest for task in plan.tasks}
    assert found["local"] == found["ray"]
