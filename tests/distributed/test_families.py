"""Families of every kind on Ray: trained, sampled and searched as without it, also after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from ganray.distributed.runner import RayRunner
from ganray.local import LocalRunner
from ganray.plan import Plan
from ganray.runs.agenda import Agenda
from ganray.studies import study_from
from ganray.text.study_yaml import load
from tests import HANG_SECONDS
from tests.families import TRAININGS, partner
from tests.stages.stores import copied

SOME = (
    *("vanilla, by every rule of thumb", "wgan", "acgan", "info_gan", "bigan"),
    *("mix_gan", "hinge, tied", "semi_supervised", "vae"),
)


def settings(tiny_run, names) -> dict:
    """The tiny study with a side for each of some algorithms, whose GANs are searched."""
    sides = [
        {
            "name": f"side-{place}",
            "model": partner(name).model_dump(mode="json"),
            "train": TRAININGS[name].model_dump(mode="json"),
        }
        for place, name in enumerate(names)
    ]
    told = load(tiny_run.file.read_text())
    told |= {"study": "rivals", "name": "families", "rivals": sides}
    told["data"]["source"] = str(tiny_run.file.parent / "digits.parquet")
    told["search"] = {**told["search"], "on": [side["name"] for side in sides], "restarts": 1}
    return told


def of_sides(plan: Plan) -> Plan:
    """What is made of the sides, and of what; without the GANs of the tiny study itself."""
    roles = {address: role for role, address in plan.roles.items()}
    made = [
        task
        for task in plan.tasks
        if task.kind in ("data", "encoder", "targets")
        or (task.kind in ("train", "sample", "search") and "/side-" in roles[task.address])
    ]
    return plan.model_copy(update={"tasks": tuple(made)})


@pytest.mark.ray
@pytest.mark.slow  # the families' own parts; that runners agree is tested on a whole study, too
@pytest.mark.usefixtures("ray_session")
def test_both_runners_make_the_same_of_them(tiny_run, tmp_path):
    study = study_from(settings(tiny_run, SOME))
    plan = of_sides(study.plan())
    assert len(plan.tasks) == 3 + 3 * len(SOME)
    found = {}
    for name in ("local", "ray"):
        store = copied(tiny_run, tmp_path / name, "data", "encoder", "targets")
        agenda = Agenda.open(plan, store)
        runner = (LocalRunner if name == "local" else RayRunner)(study.resources)
        runner.run(agenda)
        assert agenda.complete, agenda.failed
        found[name] = {task.address: store.manifest(task.address).digest for task in plan.tasks}
    assert found["local"] == found["ray"]


_RUN = """
import sys
from ganray.local import LocalRunner
from ganray.plan import Plan, Resources
from ganray.runs.agenda import Agenda
from ganray.store import Store
plan = Plan.model_validate_json(open(sys.argv[1]).read())
LocalRunner(Resources(checkpoint_seconds=0.001)).run(Agenda.open(plan, Store(sys.argv[2])))
"""


def of_images(tiny_run, study: str) -> dict:
    """A study of those whose images are made of images."""
    group, wanted = ("modnets", "modnet") if study == "siblings" else ("translators", "")
    sides = [
        side
        for side in settings(tiny_run, [name for name in TRAININGS if partner(name).of_images])[
            "rivals"
        ]
        if (side["model"]["name"] == "modnet") == (wanted == "modnet")
    ]
    source = str(tiny_run.file.parent / "digits.parquet")
    data = {"source": source} | ({} if wanted else {"views": ["plain", "inverted"]})
    return {"study": study, group: sides, "data": data, "encoder": {"epochs": 1, "batch": 20}}


@pytest.mark.slow
@pytest.mark.chaos
@pytest.mark.parametrize("study", ["rivals", "translation", "siblings"])
def test_every_one_is_resumed_to_the_bit_after_kills(tiny_run, tmp_path, study):
    """A process that trains them one after another is killed again and again, wherever it is."""
    by_noise = [name for name in TRAININGS if not partner(name).of_images]
    told = settings(tiny_run, by_noise) if study == "rivals" else of_images(tiny_run, study)
    if study == "siblings":
        told |= {"real": [5], "judged": 5}
    planned = study_from(told | {"budget": {"iterations": 150}}).plan()
    plan = of_sides(planned) if study == "rivals" else planned
    kinds = ("data", "train", "encoder")
    gans = plan.model_copy(
        update={"tasks": tuple(task for task in plan.tasks if task.kind in kinds)}
    )
    (tmp_path / "plan.json").write_text(gans.model_dump_json())
    digests = {}
    for name in ("whole", "killed"):
        store = copied(tiny_run, tmp_path / name, "data", "encoder")
        words = [sys.executable, "-c", _RUN, str(tmp_path / "plan.json"), str(tmp_path / name)]
        kills, deadline = 0, time.monotonic() + HANG_SECONDS
        while not Agenda.open(gans, store).complete:
            assert time.monotonic() < deadline
            process = subprocess.Popen(words)
            try:
                # Long enough to begin anew and make a checkpoint or two.
                process.wait(timeout=None if name == "whole" else 12)
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                kills += 1
        assert name == "whole" or kills > 1
        digests[name] = {t.address: store.manifest(t.address).digest for t in gans.tasks}
    assert digests["whole"] == digests["killed"]
