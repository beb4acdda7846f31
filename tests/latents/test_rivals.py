"""Which descents are given up: on curves that are known, and within their groups alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.latents.rivals import Rivals


def followed(curves: np.ndarray, stopping: str, together: int) -> tuple[list[int], torch.Tensor]:
    """How many went on after each step, and where each ended: at the number of its last step.

    Args:
        curves: the value of each descent after each evaluation, a row for each.
    """
    steps = curves.shape[1]
    rivals = Rivals(torch.zeros(len(curves), 1), stopping, together, steps)
    points, alive = torch.zeros(len(curves), 1), []
    for done in range(1, steps + 1):
        values = torch.from_numpy(curves[rivals.rows.numpy(), done - 1]).float()
        rows = rivals.keep(done, values, points)
        points = (points if rows is None else points[rows]) + 1
        alive.append(len(rivals.rows))
    return alive, rivals.ended(points)[:, 0]


def falling(descents: int, steps: int, seed: int = 0) -> np.ndarray:
    """Curves that fall ever more slowly to ends of their own."""
    ends = np.random.default_rng(seed).random(descents)[:, None]
    return ends + np.exp(-np.arange(1, steps + 1) / (steps / 8)) * (1 + ends)


def test_halving_leaves_half_a_quarter_and_one_of_each_group():
    alive, ends = followed(falling(20, 80), "halving", 10)
    assert [alive[at] for at in (8, 9, 18, 19, 38, 39, 79)] == [20, 10, 10, 6, 6, 2, 2]
    assert sorted(ends.tolist()) == [9] * 10 + [19] * 4 + [39] * 4 + [80] * 2


@pytest.mark.parametrize("together", [2, 3, 10])
@pytest.mark.parametrize("steps", [1, 2, 3, 5, 200])
def test_halving_ends_with_one_of_each_group_however_few_the_steps(together, steps):
    alive, ends = followed(falling(2 * together, steps), "halving", together)
    assert alive[-1] == (2 if steps > 2 else alive[-1])
    assert (ends.reshape(2, -1) == steps).any(dim=1).all()
    assert sum(alive) <= 2 * together * steps


@pytest.mark.parametrize("stopping", ["halving", "early_stop"])
def test_the_lowest_of_each_group_goes_to_the_end(stopping):
    curves = falling(30, 100)
    _, ends = followed(curves, stopping, 10)
    best = curves[:, -1].reshape(3, 10).argmin(axis=1) + 10 * np.arange(3)
    assert ends[best].tolist() == [100] * 3
    assert (ends < 100).any()


@pytest.mark.parametrize("stopping", ["halving", "early_stop"])
def test_a_group_does_not_know_of_another(stopping):
    curves = falling(12, 60)
    together = followed(curves, stopping, 4)[1]
    apart = [followed(curves[at : at + 4], stopping, 4)[1] for at in (0, 4, 8)]
    assert torch.equal(together, torch.cat(apart))


def test_what_falls_fast_is_not_given_up():
    """It is behind for long, and wins: an early stop sees its fall, which halving does not."""
    slow = 1 - np.arange(100) / 1000
    late = 3 - np.arange(100) / 33
    curves = np.stack([slow, late, slow + 1])
    _, ends = followed(curves, "early_stop", 3)
    assert ends[1] == 100
    assert ends[2] < 40 < ends[0] < 100  # the first one leads, until it is overtaken
    assert followed(curves, "halving", 3)[1][1] < 100


@pytest.mark.parametrize("stopping", ["halving", "early_stop"])
def test_what_is_no_number_never_stays_beside_one(stopping):
    curves = falling(4, 40)
    curves[0], curves[2] = np.nan, np.inf
    _, ends = followed(curves, stopping, 4)
    assert max(ends[0], ends[2]) < 40
    assert ends.max() == 40
    assert followed(np.full((4, 40), np.nan), stopping, 4)[1].max() == 40


def test_without_a_rule_all_go_on():
    alive, ends = followed(falling(6, 20), "none", 1)
    assert alive == [6] * 20
    assert ends.tolist() == [20] * 6
