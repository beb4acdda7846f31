"""GANs whose images another task of the plan finds, or that are made of images, and what trained
GANs are asked or teach, on Ray: the same as without it."""

from __future__ import annotations

import pytest

from ganray.distributed.runner import RayRunner
from ganray.local import LocalRunner
from ganray.runs.agenda import Agenda
from ganray.studies import study_from
from ganray.text.study_yaml import load
from tests import tiny
from tests.stages.stores import copied

FOUND = {
    "clusters": {"split": {"clusters": 2, "restarts": 2}},
    "adagan": {
        **{"study": "adagan", "components": 2},
        "discriminator": {"epochs": 1, "batch": 20},
    },
    "translation": {
        "study": "translation",
        "translators": [
            {
                "name": "one",
                "model": {"name": "cycle_gan", "width": 2, "blocks": 1, "critic_halvings": 2},
                "train": {"algorithm": "cycle_gan", "batch": 4, "pool": 6},
            }
        ],
        "data": {"views": ["plain", "inverted"]},
    },
    "siblings": {
        **{"study": "siblings", "real": [20], "judged": 5, "lessons": 3},
        "modnets": [
            {
                "name": "one",
                "model": {"name": "modnet", "width": 2, "classifier": "frozen"},
                "train": {"algorithm": "modnet", "batch": 8},
            }
        ],
    },
    "usefulness": {"study": "usefulness", "synthetic": 12, "real": [6], "lessons": 2},
    "probing": {
        "study": "probing",
        "likelihood": {"sigmas": [0.2], "images": 4, "chains": 1, "steps": 3, "windows": 9}
        | {"chunk": 2},
        "interpolation": {"pairs": 4, "frames": 4, "chunk": 2},
    },
    "defence": {
        **{"study": "defence", "classifiers": ["E"], "images": 9},
        "attacks": ["fgsm", {"name": "bpda", "iterations": 1}],
        "projection": {"steps": 2, "restarts": 2, "chunk": 2},
    },
}
MEASURED = {
    "search": {"on": []},
    "evaluate": {"metrics": ["frechet_distance"], "encoders": ["pixels"]},
}
QUICK = ("clusters",)
ALL = [
    pytest.param(told, id=name, marks=() if name in QUICK else pytest.mark.slow)
    for name, told in FOUND.items()
]


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
@pytest.mark.parametrize("settings", ALL)
def test_both_runners_make_the_same(tiny_run, tmp_path, settings):
    told = load(tiny_run.file.read_text()) | MEASURED | settings
    del told["marginals"]
    if {"translators", "modnets"} & set(told):
        told = {name: told[name] for name in told if name not in ("model", "train", "search")}
    if "attacks" in told:
        told = {name: told[name] for name in told if name not in ("evaluate", "search")}
    source = str(tiny_run.file.parent / "digits.parquet")
    told["data"] = {**told["data"], "source": source}
    study = study_from(told)
    plan, found = study.plan(), {}
    for name in ("local", "ray"):
        store = copied(tiny_run, tmp_path / name, "data")
        agenda = Agenda.open(plan, store)
        (LocalRunner if name == "local" else RayRunner)(study.resources).run(agenda)
        assert agenda.complete, agenda.failed
        found[name] = tiny.digests(store, plan)
    assert found["local"] == found["ray"]
