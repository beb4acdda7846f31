"""GANs whose images another task of the plan finds, on Ray: the same as without it."""

from __future__ import annotations

import pytest

from ganray.distributed.runner import RayRunner
from ganray.local import LocalRunner
from ganray.runs.agenda import Agenda
from ganray.studies import study_from
from ganray.study_yaml import load
from tests import tiny
from tests.stages.stores import copied

FOUND = {
    "clusters": {"split": {"clusters": 2, "restarts": 2}},
    "adagan": {
        **{"study": "adagan", "components": 2},
        "discriminator": {"epochs": 1, "batch": 20},
    },
}
MEASURED = {
    "search": {"on": []},
    "evaluate": {"metrics": ["frechet_distance"], "encoders": ["pixels"]},
}


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
@pytest.mark.parametrize("settings", FOUND.values(), ids=FOUND)
def test_both_runners_make_the_same(tiny_run, tmp_path, settings):
    told = load(tiny_run.file.read_text()) | MEASURED | settings
    del told["marginals"]
    told["data"]["source"] = str(tiny_run.file.parent / "digits.parquet")
    study = study_from(told)
    plan, found = study.plan(), {}
    for name in ("local", "ray"):
        store = copied(tiny_run, tmp_path / name, "data")
        agenda = Agenda.open(plan, store)
        (LocalRunner if name == "local" else RayRunner)(study.resources).run(agenda)
        assert agenda.complete, agenda.failed
        found[name] = tiny.digests(store, plan)
    assert found["local"] == found["ray"]
