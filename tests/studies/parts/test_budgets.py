"""Budgets: what each unit comes to in iterations, by hand, and which are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.cost.speed import Speed
from ganray.errors import RefusedInput
from ganray.models import DefenseGan
from ganray.plan import Resources
from ganray.spec import parse
from ganray.store import Store
from ganray.studies import read_study
from ganray.studies.parts.budgets import Horizons, Probe, check_checkpoint, horizons, iteration_cost
from ganray.studies.parts.settings import Budget
from ganray.train import WganGp
from ganray.train.costs.flops import gan_flops, training_flops
from ganray.train.updates.turns import Turns

SHAPE = (1, 28, 28)
MODEL, TRAIN = DefenseGan(width=2, latent=8), WganGp(batch=10, critic_steps=3)


def cost(budget: Budget, probe: Probe | None = None, train: WganGp = TRAIN) -> float:
    return iteration_cost(budget, SHAPE, MODEL, train, probe)


def test_a_budget_is_a_thousand_iterations_of_each_gan_unless_it_says_otherwise():
    assert (Budget().unit, Budget().amount, Budget().per) == ("iterations", 1000, "gan")
    assert horizons(Budget(), 1.0, 3) == Horizons(1000, (1000, 1000, 1000))


def test_an_iteration_costs_one_batch_in_each_critic_step():
    budget = Budget(images=30 * 7 + 29)
    assert cost(budget) == 30
    assert horizons(budget, cost(budget), 2) == Horizons(7, (7, 7))


def test_an_iteration_costs_the_operations_that_a_result_reports():
    each = gan_flops(SHAPE, MODEL, TRAIN)
    budget = Budget(flops=each * 5.5)
    assert horizons(budget, cost(budget), 1) == Horizons(5, (5,))


def test_device_seconds_are_divided_by_the_measured_speed():
    speed = Speed(seconds_per_iteration=0.25, device="cpu", rounds=1)
    budget = Budget(device_seconds=10.1)
    assert horizons(budget, cost(budget, lambda: speed), 1) == Horizons(40, (40,))


def test_iterations_that_come_to_cost_less_are_counted_as_they_are():
    train = WganGp(batch=10, critic_steps=3, schedule=[{"iteration": 4, "critic_steps": 1}])
    images = Budget(images=4 * 30 + 6 * 10)
    assert horizons(images, cost(images, train=train), 1) == Horizons(10, (10,))
    flops = Budget(flops=float(training_flops(SHAPE, MODEL, train, 1, 9)))
    assert horizons(flops, cost(flops, train=train), 1) == Horizons(9, (9,))
    speed = Speed(seconds_per_iteration=0.25, device="cpu", rounds=1)
    less = gan_flops(SHAPE, MODEL, train.scheduled(4)) / gan_flops(SHAPE, MODEL, train)
    seconds = Budget(device_seconds=0.25 * (4 + 20 * less) + 0.01)
    assert horizons(seconds, cost(seconds, lambda: speed, train), 1) == Horizons(24, (24,))


def test_a_sides_budget_is_shared_evenly_and_to_the_last_iteration():
    assert horizons(Budget(iterations=11, per="side"), 1.0, 4) == Horizons(11, (3, 3, 3, 2))


@given(
    st.integers(1, 10**6),
    st.floats(0.01, 100),
    st.integers(1, 50),
    st.sampled_from(["gan", "side"]),
)
def test_sides_are_equal_whatever_the_numbers(amount, each, gans, per):
    budget = Budget(images=amount, per=per)
    try:
        found = horizons(budget, each, gans)
    except RefusedInput:
        assert amount // each < (gans if per == "side" else 1)
        return
    assert found.joint * each <= amount * (1 + 1e-12)
    assert max(found.marginal) - min(found.marginal) <= 1
    assert sum(found.marginal) == found.joint * (gans if per == "gan" else 1)


def test_fractions_are_taken_exactly():
    """0.29 × 100 is 28.999… in binary."""
    found = [
        horizons(Budget(iterations=100), 1.0, 1, part).joint for part in (0.25, 0.29, 0.5, 1.0)
    ]
    assert found == [25, 29, 50, 100]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"images": 5, "flops": 1e9}, "exactly one of iterations, images, flops, device_seconds"),
        ({"iterations": 5, "images": 5}, "it names iterations (=5) and images (=5)"),
        ({"iterations": None}, "it names none"),
        ({"imagse": 5}, "did you mean 'images'?"),
        ({"images": 0}, "images (=0): Input should be greater than or equal to 1"),
        ({"device_seconds": -2}, "device_seconds (=-2)"),
        ({"flops": "inf"}, "flops (='inf')"),
        ({"per": "class"}, "'gan' or 'side'"),
    ],
)
def test_bad_budgets_are_refused_in_one_line(values, said):
    with pytest.raises(RefusedInput) as refusal:
        parse(Budget, values, "study.yaml")
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (
            {"images": 29},
            r"budget.images \(=29\) comes to less than one iteration of 30 each; use at least 30",
        ),
        (
            {"iterations": 3, "per": "side"},
            r"budget.iterations \(=3\) shared by 4 marginal GANs comes to less .* at least 4",
        ),
    ],
)
def test_less_than_one_iteration_is_refused(budget, said):
    budget = Budget(**budget)
    with pytest.raises(RefusedInput, match=said):
        horizons(budget, cost(budget), 4)


def test_device_time_below_one_checkpoint_is_refused():
    resources = Resources(checkpoint_seconds=60)
    check_checkpoint(Budget(device_seconds=60), resources, 4)
    check_checkpoint(Budget(device_seconds=240, per="side"), resources, 4)
    check_checkpoint(Budget(iterations=1), resources, 4)
    with pytest.raises(RefusedInput, match=r"\(=59\) is below one checkpoint: .* at least 60"):
        check_checkpoint(Budget(device_seconds=59), resources, 4)
    with pytest.raises(RefusedInput, match=r"\(=239\) is below one checkpoint: .* at least 240"):
        check_checkpoint(Budget(device_seconds=239, per="side"), resources, 4)


@pytest.mark.parametrize("unit", ["images=80", "iterations=4"])
def test_a_unit_changes_no_key_and_no_artifact(tiny_study, tiny_run, unit):
    """The tiny study's four iterations are 80 images: the same GANs, which are found finished."""
    study = read_study(str(tiny_study), ["budget={" + unit.replace("=", ": ") + "}"])
    assert study.plan().roles == tiny_run.plan.roles


def test_the_same_study_comes_out_alike_in_device_seconds(tiny_study, tmp_path):
    """The probe is never twice the same; the store holds the first."""
    store = Store(str(tmp_path / "store"))
    changes = ["budget={device_seconds: 3.0}", "resources.checkpoint_seconds=1"]
    study = read_study(str(tiny_study), changes)
    plans = [study.plan(store) for _ in range(3)]
    assert plans[0] == plans[1] == plans[2]
    assert plans[0].speed is not None
    each = plans[0].speed["seconds_per_iteration"]
    assert plans[0].task("train/marginal/0/0").horizon == int(3.0 // each)
    assert [path.split("/")[0] for path in store.list("")] == ["speeds"]


def test_a_budget_below_one_checkpoint_is_refused_before_anything_is_measured(tiny_study, tmp_path):
    study = read_study(str(tiny_study), ["budget={device_seconds: 3.0}"])
    with pytest.raises(RefusedInput, match="below one checkpoint"):
        study.plan(Store(str(tmp_path / "store")))
    assert not (tmp_path / "store").exists()


def test_a_schedule_of_counts_is_no_budget_for_a_side_to_share(tiny_study):
    """Its GANs would have another length than the joint one, and so other images."""
    schedule = "train.schedule=[{iteration: 2, critic_steps: 1}]"
    study = read_study(str(tiny_study), [schedule, "budget={iterations: 60, per: side}"])
    with pytest.raises(RefusedInput, match=r"budget.per \(='side'\) with a train.schedule"):
        study.plan()
    assert read_study(str(tiny_study), [schedule, "budget={iterations: 60}"]).plan().tasks


@pytest.mark.parametrize("amount", [64_000, 64_300, 65_279, 65_280, 1_000_000])
def test_iterations_that_come_to_cost_more_are_as_many_as_the_budget_has(amount):
    train = WganGp(batch=64, critic_steps=1, schedule=[{"iteration": 1000, "critic_steps": 5}])
    budget = Budget(images=amount)
    cost = iteration_cost(budget, (1, 8, 8), DefenseGan(), train, None)
    horizon = horizons(budget, cost, 1).joint
    assert Turns(train).images(horizon) <= amount < Turns(train).images(horizon + 1)
