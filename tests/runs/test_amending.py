"""A study that is amended and given again does what is new, and nothing else."""

from __future__ import annotations

import pytest

from ganray.runs.agenda import Agenda
from ganray.runs.records.parts import stored_shards
from ganray.studies import read_study
from tests.runs.test_agenda import worked_on
from tests.stages.stores import copied
from tests.tiny import TinyRun

SAME = "cafd, class_divergence, {name: inception_score, splits: 2}"
MORE = {
    "seeds": ("replicates=2", {"train", "sample", "embed", "measure", "card", "search"}),
    "metrics": (
        f"evaluate.metrics=[{SAME}, frechet_distance]",
        {"measure", "card", "embed", "weights"},  # on pixels, too; cards hold all scores
    ),
    "restarts": ("search.restarts=5", {"search"}),
}


@pytest.mark.parametrize(("change", "kinds"), MORE.values(), ids=MORE)
def test_more_of_a_kind_is_all_that_is_done(tiny_run: TinyRun, tmp_path, change, kinds):
    study, store = read_study(str(tiny_run.file), [change]), copied(tiny_run, tmp_path)
    plan, before = study.plan(), tiny_run.plan
    new = plan.by_address.keys() - before.by_address.keys()
    agenda = Agenda.open(plan, store)
    assert {task.address for task in agenda.pending} == new
    assert agenda.reused == plan.by_address.keys() & before.by_address.keys()
    assert {plan.by_address[one].kind for one in new} <= kinds
    assert worked_on(agenda, study.resources) == {plan.by_address[one].title for one in new}
    assert not Agenda.open(plan, store).pending


def test_more_restarts_keep_the_chunks_of_those_that_were_done(tiny_run: TinyRun, tmp_path):
    study = read_study(str(tiny_run.file), ["search.restarts=5"])
    plan, store = study.plan(), copied(tiny_run, tmp_path)
    task = next(task for task in plan.tasks if task.kind == "search")
    before = {one.address: one for one in stored_shards(store, task)}
    worked_on(Agenda.open(plan, store), study.resources)
    after = {one.address: one for one in stored_shards(store, task)}
    assert before.items() < after.items()


def test_a_class_more_trains_its_own_gan_and_that_of_all(tiny_run: TinyRun, tmp_path):
    """The joint GAN of three classes is another than that of two."""
    first, more = (
        read_study(str(tiny_run.file), [f"marginals={groups}", "search.on=[]"])
        for groups in ("[[0], [1]]", "[[0], [1], [2]]")
    )
    store = copied(tiny_run, tmp_path, "data")
    worked_on(Agenda.open(first.plan(), store, only="train"), first.resources)
    agenda = Agenda.open(more.plan(), store, only="train")
    trained = {task.title for task in agenda.pending}
    assert trained == {"class 2 r0", "joint r0"}
    assert worked_on(agenda, more.resources) == trained
