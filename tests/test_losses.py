"""WGAN-GP's losses: by hand, by finite differences, and as the public code has them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.losses import gradient_penalty, wasserstein_estimate
from ganray.models import DefenseGan
from ganray.models.sampler import new_networks
from tests.reference import defense_gan as reference


def drawn(seed: int, *shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def smooth(images: torch.Tensor) -> torch.Tensor:
    """A critic with a gradient that differs everywhere."""
    weights = torch.linspace(-0.4, 0.5, images[0].numel(), dtype=images.dtype).view_as(images[0])
    return (torch.sin(3 * images) * weights).sum(dim=(1, 2, 3))


def test_estimates_by_hand():
    real, fake = torch.tensor([1.0, 2.0, 6.0]), torch.tensor([-1.0, 2.0])
    assert wasserstein_estimate(real, fake) == 3 - 0.5


def test_the_penalty_by_finite_differences():
    real, fake, mix = drawn(1, 2, 1, 3, 4), drawn(2, 2, 1, 3, 4), drawn(3, 2, 1, 1, 1)
    terms, h = [], 1e-6
    for a, b, t in zip(real, fake, mix, strict=True):
        point = a + t * (b - a)
        slopes = []
        for index in np.ndindex(*point.shape):
            step = torch.zeros_like(point)
            step[index] = h
            rise = smooth((point + step)[None]) - smooth((point - step)[None])
            slopes.append(float(rise) / (2 * h))
        terms.append((np.linalg.norm(slopes) - 1) ** 2)
    penalty = gradient_penalty(smooth, real, fake, mix)
    assert penalty.item() == pytest.approx(np.mean(terms), rel=1e-6)


def test_a_linear_critic_of_slope_two_is_penalised_by_one():
    """‖∇‖ = 2 everywhere: (2 − 1)²; by columns, each of the four has a quarter of the squares."""
    images = drawn(4, 5, 1, 4, 4)

    def critic(x: torch.Tensor) -> torch.Tensor:
        return x.sum(dim=(1, 2, 3)) * 2 / 4

    mix = drawn(5, 5, 1, 1, 1)
    assert gradient_penalty(critic, images, images, mix).item() == pytest.approx(1)
    by_columns = gradient_penalty(critic, images, images, mix, "as_published")
    assert by_columns.item() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("kind", ["corrected", "as_published"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_penalty_and_its_gradient_are_the_naive_ones(kind, channels):
    critic = new_networks(DefenseGan(width=2), (channels, 28, 28), seed=3)["critic"].double()
    real, fake = drawn(6, 3, channels, 28, 28), drawn(7, 3, channels, 28, 28)
    mix = drawn(8, 3, 1, 1, 1)
    weights = reference.leaves(critic.state_dict())
    expected = reference.penalty(weights, real, fake, mix, kind == "as_published")
    found = gradient_penalty(critic, real, fake, mix, kind)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)
    found.backward()
    kernel = dict(critic.named_parameters())["conv2.weight"].grad
    (slope,) = torch.autograd.grad(expected, weights["conv2.weight"])
    torch.testing.assert_close(kernel, slope, rtol=1e-5, atol=1e-8)


def test_the_penalty_lies_between_real_and_fake():
    """mix 0 is at the real images, mix 1 at the generated ones."""
    seen = []

    def critic(x: torch.Tensor) -> torch.Tensor:
        seen.append(x.detach().clone())
        return smooth(x)

    real, fake = drawn(1, 2, 1, 2, 2), drawn(2, 2, 1, 2, 2)
    for value in (0.0, 1.0):
        gradient_penalty(critic, real, fake, torch.full((2, 1, 1, 1), value, dtype=torch.float64))
    torch.testing.assert_close(seen[0], real)
    torch.testing.assert_close(seen[1], fake)


def test_a_flat_critic_gives_finite_gradients():
    weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    images = drawn(1, 2, 1, 2, 2)
    penalty = gradient_penalty(
        lambda x: weight * x.sum(dim=(1, 2, 3)), images, images, drawn(2, 2, 1, 1, 1)
    )
    penalty.backward()
    assert penalty.item() == pytest.approx(1, abs=1e-5)
    assert torch.isfinite(weight.grad).all()
