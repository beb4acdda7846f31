"""What GANs take that are trained together: by what was measured, or as on an H200."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ganray.cost.cohorts import Company, companies, foreseen, told_of_cohorts
from ganray.cost.estimate import estimate
from ganray.cost.pricing import bills
from ganray.cost.probes import Timing
from ganray.cost.spending import Cost, Prices
from ganray.plan import Resources
from ganray.runs.forecasts.measured import CohortSpeed, keep_speed, kept_speed
from ganray.store import Store
from ganray.train import device

RESULTS = Path(__file__).parents[1] / "benchmarks/results/nvidia-h200.json"
TOGETHER = Resources(num_gpus=1.0)
ALONE = {"train": Timing(1e-12, 2e-12)}


def measured() -> list[dict[str, Any]]:
    """Cohorts on an H200, but for one whose products were held to 32 bits, which no run does."""
    cohorts = json.loads(RESULTS.read_text())["cohorts"]
    rows = [row for told in cohorts.values() if isinstance(told, list) for row in told]
    return [row for row in rows if row["precision"] != "float32"]


@pytest.mark.parametrize("row", measured(), ids=lambda row: f"{row['members']}x{row['width']}")
def test_cohorts_of_an_h200_are_foretold_within_a_factor_of_two(row):
    operations = row["tflop_per_second"] * 1e12 * row["together_ms"] / 1e3
    alone = row["alone_ms"] / 1e3 / (operations / row["members"])
    precision = "bf16" if row["precision"] == "bf16" else "float32"
    timing = Company(row["members"], precision).timing(Timing(alone, alone))
    took = row["together_ms"] / 1e3 / operations
    assert 0.5 < timing.middle / took < 2
    assert 0.99 * timing.low < took < 1.01 * timing.high


def gans_of(tiny_run) -> list[str]:
    return [task.address for task in tiny_run.plan.tasks if task.kind == "train"]


def asked(tiny_run, store: Store, workers: int = 1, probed: bool = True) -> dict[str, Company]:
    plan, gans = tiny_run.plan, gans_of(tiny_run)
    return dict(companies(plan, gans, TOGETHER, "cuda", workers, store, probed))


def test_gans_are_shared_out_over_the_workers_that_there_are(tiny_run, tmp_path):
    store, count = Store(str(tmp_path)), len(gans_of(tiny_run))
    assert {one.members for one in asked(tiny_run, store).values()} == {count}
    assert {one.members for one in asked(tiny_run, store, 2).values()} == {-(-count // 2)}
    assert asked(tiny_run, store, probed=False) == {}
    off = TOGETHER.model_copy(update={"cohort": "off"})
    assert not companies(tiny_run.plan, gans_of(tiny_run), off, "cuda", 1, store)


def test_a_cohort_is_billed_as_one_and_not_as_its_members(tiny_run, tmp_path):
    plan, gans = tiny_run.plan, gans_of(tiny_run)
    left, cost = dict.fromkeys(gans, 1.0), Cost(prices=Prices(gpu_hour=1.0))
    one, _ = bills(plan, left, ALONE, TOGETHER, cost, 1)
    company = asked(tiny_run, Store(str(tmp_path)))
    together, _ = bills(plan, left, ALONE, TOGETHER, cost, 1, company)
    assert together.gpu_hours == pytest.approx(0.37 / len(gans) * one.gpu_hours)
    assert together.hours == pytest.approx(0.37 / len(gans) * one.hours)


def test_what_was_measured_counts_wherever_it_is_asked(tiny_run, tmp_path):
    plan, store = tiny_run.plan, Store(str(tmp_path))
    task = plan.by_address[gans_of(tiny_run)[0]]
    for members, seconds in ((2, 0.5), (50, 0.9)):
        speed = CohortSpeed(members=members, iterations=9, seconds=seconds, device_name="Card")
        keep_speed(store, plan.dataset["shape"], task, "cuda", speed)
    company = asked(tiny_run, store, probed=False)
    members = len(gans_of(tiny_run))
    costs = estimate(plan, {"train": 1.0}, {a: one.timing(None).high for a, one in company.items()})
    assert costs[task.address].seconds == pytest.approx((task.horizon or 0) * 0.5)
    assert company[task.address].timing(None).low == pytest.approx(
        company[task.address].timing(None).high * 2 / members
    )
    assert told_of_cohorts(company).endswith("by earlier ones on Card")


def test_the_nearest_cohort_and_of_these_the_longest_is_taken(tiny_run, tmp_path):
    store, task = Store(str(tmp_path)), tiny_run.plan.by_address[gans_of(tiny_run)[0]]
    for members, iterations in ((3, 10), (3, 20), (9, 40)):
        speed = CohortSpeed(members=members, iterations=iterations, seconds=1.0, device_name="C")
        keep_speed(store, (1, 8, 8), task, "cuda", speed)
    found = kept_speed(store, (1, 8, 8), task, "cuda", 4)
    assert found is not None
    assert (found.members, found.iterations) == (3, 20)
    assert kept_speed(store, (1, 8, 8), task, "cpu", 4) is None
    assert kept_speed(store, (3, 8, 8), task, "cuda", 4) is None


def test_a_plan_without_a_gpu_knows_what_the_store_tells(tiny_run, tmp_path, monkeypatch):
    monkeypatch.setattr(device.torch.cuda, "is_available", lambda: False)
    store, gans = Store(str(tmp_path)), gans_of(tiny_run)
    assert foreseen(tiny_run.plan, gans, TOGETHER, store) == (False, {})
    assert foreseen(tiny_run.plan, gans, Resources(), store) == (False, {})
    assert told_of_cohorts({}) == ""
