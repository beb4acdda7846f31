"""`--only`: a part of a study is its tasks and all that they need."""

from __future__ import annotations

import pytest

from ganray.errors import RefusedInput
from ganray.runs.agenda import Agenda
from tests.stages.stores import copied


def to_do(agenda) -> list[str]:
    return [task.title for task in agenda.pending]


def test_a_part_is_its_tasks_and_all_that_they_need(tiny_run, tmp_path):
    store = copied(tiny_run, tmp_path, "data")
    kinds = {
        only: {task.kind for task in Agenda.open(tiny_run.plan, store, only=only).pending}
        for only in ("train", "evaluate", "search")
    }
    assert kinds == {
        "train": {"train"},
        "evaluate": {"train", "encoder", "sample", "embed", "measure", "card"},
        "search": {"train", "encoder", "targets", "search"},
    }
    search = Agenda.open(tiny_run.plan, store, only="search")
    assert "class 1+2 r0" not in to_do(search)  # the study searches the others


def test_a_part_is_complete_without_the_rest(tiny_run, tmp_path):
    agenda = Agenda.open(tiny_run.plan, copied(tiny_run, tmp_path, "data", "train"), only="train")
    assert agenda.complete
    assert not agenda.whole


def test_a_study_without_such_tasks_has_no_such_part(tiny_run, tmp_path):
    tasks = tuple(task for task in tiny_run.plan.tasks if task.kind != "search")
    plan = tiny_run.plan.model_copy(update={"tasks": tasks})
    with pytest.raises(RefusedInput, match=r"--only \(='search'\): study 'tiny' has no such"):
        Agenda.open(plan, copied(tiny_run, tmp_path, "data"), only="search")
