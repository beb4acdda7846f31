"""Caps on what a run may cost: refused before it begins, or stopped cleanly and resumed."""

from __future__ import annotations

import itertools
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from ganray.cost import spending
from ganray.cost.probes import Timing, probe
from ganray.drivers.runs import leading
from ganray.runs.records.record import find_run
from tests.cli.command import CHEAP, ganray
from tests.stages.stores import copied
from tests.tiny import digests

GANS = ("train/joint/0+1+2/0", "train/marginal/0/0", "train/marginal/1+2/0")
PRICE = ("--set", "cost.prices.cpu_hour=3600")  # one a second


@pytest.fixture(autouse=True)
def timed_once(monkeypatch) -> None:
    """Each kind of task is timed by one round, not by several: no test here asks for bounds."""
    monkeypatch.setattr(leading, "probe", partial(probe, rounds=1))


def test_a_cap_below_the_estimate_is_refused_before_anything_is_trained(tiny_study, tmp_path):
    words = ("run", tiny_study, "--runner", "local", "--store", tmp_path / "store", *PRICE)
    ganray(*words, "--set", "cost.max_cost=0.01").refused("cost.max_cost (=0.01)", "fastest speed")
    ganray(*words, "--set", "cost.max_cost=-1").refused("cost.max_cost (=-1)", "greater than 0")
    ganray(*words, "--set", "cost.max_cots=1").refused("max_cots", "max_cost")
    assert not (tmp_path / "store" / "artifacts").exists()


def test_a_cap_stops_a_run_with_everything_kept_and_a_higher_one_resumes_it(
    tiny_study, tiny_run, tmp_path, monkeypatch
):
    """By a clock that goes on by a second whenever the meter looks, so before any iteration."""
    seconds = itertools.count()
    monkeypatch.setattr(spending, "time", SimpleNamespace(monotonic=lambda: float(next(seconds))))
    monkeypatch.setattr(leading, "probe", lambda *_: {})  # as if nothing were known of its speed
    store = copied(tiny_run, tmp_path / "store", "data", "encoder")
    words = ("run", tiny_study, "--runner", "local", "--store", store.url, *PRICE, *CHEAP)
    ganray(*words, "--set", "cost.max_cost=8").broken_off(
        "cost.max_cost (=8) is reached", "USD", "checkpoint is kept", "Raise the cap", code=4
    )
    plan = find_run(store, "tiny").plan
    trained = [store.manifest(task.address) for task in plan.tasks if task.kind == "train"]
    assert None in trained
    assert any(store.latest_checkpoint(plan.task(role).trajectory, 4) for role in GANS)
    ganray(*words, "--set", "cost.max_cost=8").refused("is reached", "nothing was begun")
    done = ganray(*words, "--set", "cost.max_cost=100000")
    assert done.code == 0, done
    assert all(store.manifest(address) for address in plan.by_address)
    for role in GANS:
        assert digests(store, plan)[plan.roles[role]] == tiny_run.manifest(role).digest


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_capped_run_is_timed_on_the_device_that_it_will_use(tiny_study, tmp_path):
    """Here the CPU, though on a cluster each trainer would be given a part of a GPU."""
    words = ("run", tiny_study, "--runner", "local", "--store", tmp_path / "store", *PRICE)
    gpu = ("--set", "resources={num_gpus: 0.25}", "--set", "cost.max_cost=0.01")
    ganray(*words, *gpu).refused("cost.max_cost (=0.01)", "fastest speed")


def test_what_checkpoints_hold_is_not_counted_again(tiny_study, tiny_run, tmp_path, monkeypatch):
    """A run that was killed near its end is not refused for what it has done already."""
    monkeypatch.setattr(leading, "probe", lambda *_: {"train": Timing(1e-6, 1e-6)})
    store = copied(tiny_run, tmp_path / "store", "data", "encoder")
    words = ("run", tiny_study, "--runner", "local", "--store", store.url, *PRICE)

    def price() -> float:
        refused = ganray(*words, "--set", "cost.max_cost=0.01")
        refused.refused("fastest speed")
        return float(refused.err.partition("comes to ")[2].split()[0])

    whole = price()
    for task in tiny_run.plan.tasks:
        if task.kind == "train":
            store.claim_attempt(task.trajectory).checkpoint(3, {"state": b"of 4"}, {})
    assert price() == pytest.approx(whole / 4, rel=0.01)  # it is told with three digits


def test_the_plan_is_priced_where_the_study_names_prices(tiny_study, tmp_path):
    words = ("plan", tiny_study, "--store", tmp_path / "store", "--json")
    assert "cost" not in ganray(*words).json
    value = ganray(*words, *PRICE).json
    cost = value["cost"]
    assert 0 < cost["low"]["price"] <= cost["high"]["price"]
    assert cost["low"]["price"] == 3600 * cost["low"]["cpu_hours"]
    # Tasks' times are by the same probes as the price: for tiny networks a critic step misleads.
    assert value["left"]["seconds"] == pytest.approx(3600 * cost["high"]["hours"])
