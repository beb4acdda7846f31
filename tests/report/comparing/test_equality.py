from __future__ import annotations

from typing import Any

import pytest

from ganray.report.comparing.equality import Equality
from ganray.report.sections import protocol_section
from tests.report.conftest import MadeUp, Make

ONE_STEP = 4 * 5  # real images of an iteration of the made-up study: batch × critic steps


def equality(make_up: Make, **budget: Any) -> Equality:
    return Equality.of(make_up(budget=budget, replicates=1).results)


def test_equal_iterations_name_what_they_leave_unequal(whole: MadeUp) -> None:
    assert Equality.of(whole.results).sentence == (
        "Compared at equal iterations for each GAN: 700; in all, the marginal side (2 GANs) has "
        "had 2 times the images and compute of the joint side (1 GAN)."
    )


def test_equal_images_of_each_gan_come_to_iterations(make_up: Make) -> None:
    found = equality(make_up, images=101 * ONE_STEP + 19)
    assert found.sentence == (
        "Compared at equal real images for each GAN: 2,039 (101 iterations each); in all, the "
        "marginal side (2 GANs) has had 2 times the images and compute of the joint side (1 GAN)."
    )


def test_an_equal_side_total_leaves_nothing_unequal(make_up: Make) -> None:
    found = equality(make_up, images=101 * ONE_STEP, per="side")
    assert found.iterations == {"joint": [101], "marginal": [51, 50]}
    assert found.sentence == (
        "Compared at equal real images for each side: 2,020 (iterations of each GAN: joint 101, "
        "marginal 50–51); both sides have had the same images and compute in all."
    )


def test_iterations_of_a_side_are_said_of_each_gan_too(make_up: Make) -> None:
    assert equality(make_up, iterations=10, per="side").sentence == (
        "Compared at equal iterations for each side: 10 (iterations of each GAN: joint 10, "
        "marginal 5); both sides have had the same images and compute in all."
    )


@pytest.mark.parametrize(
    ("unit", "amount", "per", "said"),
    [
        ("flops", 4.72e15, "gan", "equal compute for each GAN: 4.72 PFLOP"),
        (
            "device_seconds",
            7200.0,
            "side",
            "equal device time for each side: 2 h 00 min, at a measured 0.125 s an iteration",
        ),
    ],
)
def test_amounts_have_their_unit(unit: str, amount: float, per: str, said: str) -> None:
    assert Equality(unit, amount, per, {"joint": [2], "marginal": [1, 1]}, 0.125).short == said


def test_plans_of_the_first_release_are_read_too(whole: MadeUp) -> None:
    """Their settings have iterations and nothing else."""
    results = whole.results
    settings = results.plan.settings | {"budget": {"iterations": 700}}
    results.plan = results.plan.model_copy(update={"settings": settings})
    assert Equality.of(results) == Equality.of(whole.results)


def test_the_protocol_says_how_the_speed_was_measured(whole: MadeUp) -> None:
    results = whole.results
    record = {"host": "n1", "device_name": "CPU", "torch": "2.12", "created": "2026-01-01"}
    speed = {"seconds_per_iteration": 0.5, "device": "cpu", "rounds": 5, "record": record}
    budget = {"device_seconds": 350.0, "per": "gan"}
    settings = results.plan.settings | {"budget": budget}
    results.plan = results.plan.model_copy(update={"settings": settings, "speed": speed})
    text = str(protocol_section(results).blocks[1])
    assert "equal device time for each GAN: 5 min 50 s, at a measured 0.5 s an iteration" in text
    assert "measured on n1 (CPU, torch 2.12, 5 iterations, 2026-01-01)" in text
