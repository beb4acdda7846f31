"""Hours and prices before a run: from probes of the real work, as ranges that caps are held to."""

from __future__ import annotations

import pytest

from ganray.cost.estimate import operations
from ganray.cost.pricing import bills, describe, refuse_beyond_caps
from ganray.cost.probes import Timing, merge, probe
from ganray.cost.spending import Cost, Prices, Spent
from ganray.errors import RefusedInput
from ganray.plan import Resources

KINDS = ("train", "encoder", "sample", "embed", "measure", "search")
ONE = Timing(1.0, 1.0)
COST = Cost(prices=Prices(cpu_hour=0.1, gpu_hour=1.0))


def test_each_kind_that_computes_is_probed(tiny_run):
    timings = probe(tiny_run.plan, rounds=2)
    assert set(timings) == set(KINDS)
    assert all(0 < timing.low <= timing.high < 1e-3 for timing in timings.values())


def test_probes_of_several_nodes_bound_each_other():
    merged = merge([{"train": Timing(2.0, 3.0)}, {"train": Timing(1.0, 2.5), "embed": ONE}])
    assert merged == {"train": Timing(1.0, 3.0), "embed": ONE}


def test_hours_and_price_are_operations_times_speed(tiny_run):
    plan = tiny_run.plan
    flops = operations(plan)
    gans = [task for task in plan.tasks if task.kind == "train"]
    timings = {"train": Timing(1e-9, 2e-9)}
    resources = Resources(num_cpus=2.0, num_gpus=0.5)
    left = {gan.address: 1.0 for gan in gans}
    low, high = bills(plan, left, timings, resources, COST, 1)
    hours = sum(flops[gan.address] for gan in gans) * 1e-9 / 3600
    assert low.cpu_hours == pytest.approx(2 * hours)
    assert low.gpu_hours == pytest.approx(0.5 * hours)
    assert low.hours == pytest.approx(hours)
    assert low.price == pytest.approx(2 * hours * 0.1 + 0.5 * hours)
    assert high.price == pytest.approx(2 * low.price)
    both, _ = bills(plan, left, timings, resources, COST, len(gans))
    assert both.hours == pytest.approx(max(flops[gan.address] for gan in gans) * 1e-9 / 3600)
    assert "USD" in describe(low, high, COST)
    assert "USD" not in describe(low, high, Cost())


def test_only_the_share_that_is_left_is_billed(tiny_run):
    plan, timings = tiny_run.plan, dict.fromkeys(KINDS, ONE)
    whole, _ = bills(plan, dict.fromkeys(plan.by_address, 1.0), timings, Resources(), COST, 1)
    part, _ = bills(plan, dict.fromkeys(plan.by_address, 0.05), timings, Resources(), COST, 1)
    assert part.price == pytest.approx(0.05 * whole.price)
    assert part.hours == pytest.approx(0.05 * whole.hours)


def test_only_what_even_the_low_end_exceeds_is_refused(tiny_run):
    plan = tiny_run.plan
    timings = {kind: Timing(1e-6, 1e-3) for kind in KINDS}
    low, high = bills(plan, dict.fromkeys(plan.by_address, 1.0), timings, Resources(), COST, 2)
    enough = COST.model_copy(update={"max_cost": 1.01 * low.price, "max_hours": 1.01 * low.hours})
    refuse_beyond_caps(low, enough, Spent())
    assert high.price > 1.01 * low.price
    with pytest.raises(RefusedInput, match=r"cost.max_cost \(=.*even at the fastest speed"):
        refuse_beyond_caps(low, enough, Spent(cpu_seconds=low.cpu_hours * 3600))
    dear = COST.model_copy(update={"max_hours": 0.9 * low.hours})
    with pytest.raises(RefusedInput, match=r"cost.max_hours \(="):
        refuse_beyond_caps(low, dear, Spent())
