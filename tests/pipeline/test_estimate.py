"""Estimates: the operations that the finished run counted, and bytes of the right size."""

from __future__ import annotations

import pytest

from ganray.pipeline.estimate import NOTHING, Estimate, estimate, table


@pytest.fixture(scope="module")
def costs(tiny_run):
    return estimate(tiny_run.plan)


def test_training_is_estimated_by_what_it_then_counted(tiny_run, costs):
    for role in ("encoder", "train/joint/0+1+2/0", "train/marginal/0/0"):
        flops = tiny_run.manifest(role).result["flops"]
        assert costs[tiny_run.plan.roles[role]].flops == pytest.approx(flops)


def test_bytes_are_of_the_size_of_what_was_stored(tiny_run, costs):
    """Chunks and the whole; a last chunk is counted as full, though its features are not padded."""
    for role in ("embed/classifier/test", "encoder", "sample/joint r0"):
        task = tiny_run.plan.task(role)
        stored = sum(
            tiny_run.store.files.size(path)
            for path in tiny_run.store.list(f"artifacts/{task.trajectory}/attempts/")
            if path.endswith(".safetensors")
        )
        last_chunk = 250 / 60 if task.kind == "embed" else 1
        assert 0.9 < costs[task.address].bytes / last_chunk / stored < 1.1, role


def test_every_task_has_a_cost_and_more_iterations_cost_more(tiny_run, costs):
    assert costs.keys() == tiny_run.plan.by_address.keys()
    gan = tiny_run.plan.task("train/marginal/0/0")
    longer = gan.model_copy(update={"horizon": 40})
    plan = tiny_run.plan.model_copy(update={"tasks": (longer,)})
    assert estimate(plan)[longer.address].flops == 10 * costs[gan.address].flops


def test_the_table_says_what_is_stored(tiny_run, costs):
    stored = {tiny_run.plan.roles["encoder"]}
    rows = table(tiny_run.plan, costs, stored)
    assert [row["task"] for row in rows] == [task.title for task in tiny_run.plan.tasks]
    assert [row["task"] for row in rows if row["stored"]] == ["encoder"]


def test_costs_add_up():
    assert sum([Estimate(1.0, 2.0, 3), Estimate(4.0, 5.0, 6)], NOTHING) == Estimate(5.0, 7.0, 9)
