"""L-BFGS on many points at once against SciPy's, and what one point has of the others: nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import optimize

from ganray.latents.l_bfgs import minimise


def rosenbrock(points):
    """The valley of SciPy's `rosen`, in six dimensions."""
    x = points.detach().requires_grad_(True)
    one, two = x[:, :-1], x[:, 1:]
    values = (100 * (two - one.square()).square() + (1 - one).square()).sum(dim=1)
    (gradients,) = torch.autograd.grad(values.sum(), x)
    return values.detach(), gradients


def bowls(points):
    """A quadratic of each point's own: nothing to share."""
    curvature = torch.logspace(0, 3, points.shape[1], dtype=points.dtype)
    return 0.5 * (curvature * points.square()).sum(dim=1), curvature * points


def starts(count, size, seed=0):
    drawn = np.random.default_rng(seed).uniform(-2, 2, (count, size))
    return torch.from_numpy(drawn)


def test_a_narrow_valley_is_followed_as_scipy_does():
    begun = starts(7, 6)
    ends = minimise(rosenbrock, begun, 200)
    for start, end in zip(begun.numpy(), ends.numpy(), strict=True):
        known = optimize.minimize(optimize.rosen, start, jac=optimize.rosen_der, method="L-BFGS-B",
                                  options={"ftol": 1e-15, "gtol": 1e-9})  # fmt: skip
        assert optimize.rosen(end) <= known.fun + 1e-8


def test_a_narrow_bowl_is_soon_at_its_bottom():
    ends = minimise(bowls, starts(5, 20), 60)
    values, _ = bowls(ends)
    begun, _ = bowls(starts(5, 20))
    assert (values < 1e-5 * begun).all()


def test_values_never_rise():
    begun, before = starts(6, 6, seed=3), None
    for evaluations in (1, 2, 5, 9, 20):
        values, _ = rosenbrock(minimise(rosenbrock, begun, evaluations))
        assert before is None or (values <= before).all()
        before = values
    assert torch.equal(minimise(rosenbrock, begun, 1), begun)


@pytest.mark.parametrize("memory", [1, 10])
def test_a_point_is_where_it_would_be_alone(memory):
    begun = starts(6, 6, seed=5)
    together = minimise(rosenbrock, begun, 30, memory)
    for row in range(6):
        assert torch.equal(minimise(rosenbrock, begun[row : row + 1], 30, memory)[0], together[row])


def test_numbers_without_a_gradient_stay():
    def half(points):
        values, gradients = bowls(points[:, :3])
        return values, torch.cat([gradients, torch.zeros_like(points[:, 3:])], dim=1)

    begun = starts(4, 5)
    ends = minimise(half, begun, 25)
    assert torch.equal(ends[:, 3:], begun[:, 3:])
    assert ends[:, :3].abs().max() < 1e-4


def test_what_is_undefined_is_not_entered():
    """A logarithm: beyond 0 there are no values, and a first step of length 1 would go there."""

    def barrier(points):
        values = (points - points.log()).sum(dim=1)
        return values, 1 - 1 / points

    begun = torch.tensor([[0.9, 1.3], [0.02, 5.0]], dtype=torch.float64)
    ends = minimise(barrier, begun, 60)
    torch.testing.assert_close(ends, torch.ones_like(ends), rtol=0, atol=1e-5)


def test_at_the_minimum_nothing_happens():
    ends = minimise(bowls, torch.zeros(2, 4, dtype=torch.float64), 10)
    assert not ends.any()
