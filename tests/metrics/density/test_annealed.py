"""Annealed importance sampling against the exact likelihood of a linear decoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.errors import RefusedInput
from ganray.metrics.density.annealed import anneal, lower_bounds, sigmoid_schedule, upper_bounds
from ganray.metrics.density.observation import normal_observation
from tests.reference import density as reference

LATENT, PIXELS, SIGMA, IMAGES, CHAINS = 3, 8, 0.7, 5, 64
RNG = np.random.default_rng(0)
MATRIX, OFFSET = RNG.normal(size=(PIXELS, LATENT)), RNG.normal(size=PIXELS)
VECTORS = RNG.normal(size=(IMAGES, LATENT))
SIMULATED = VECTORS @ MATRIX.T + OFFSET + SIGMA * RNG.normal(size=(IMAGES, PIXELS))
EXACT = reference.linear_decoder_log_likelihood(SIMULATED, MATRIX, OFFSET, SIGMA)


def decoder(z: torch.Tensor) -> torch.Tensor:
    made = z @ torch.from_numpy(MATRIX.T) + torch.from_numpy(OFFSET)
    return made.reshape(len(z), 1, 2, 4)


def observed(images: np.ndarray = SIMULATED, chains: int = CHAINS):
    """The decoder's density and gradient in closed form."""
    wanted = np.repeat(images, chains, axis=0)
    norm = PIXELS / 2 * np.log(2 * np.pi * SIGMA**2)

    def observe(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        apart = wanted - z @ MATRIX.T - OFFSET
        return -np.square(apart).sum(axis=1) / (2 * SIGMA**2) - norm, apart @ MATRIX / SIGMA**2

    return observe


def test_an_observation_is_the_normal_density_and_its_gradient():
    z = RNG.normal(size=(IMAGES * 2, LATENT))
    found = normal_observation(decoder, SIMULATED, SIGMA, 2, torch.float64)(z)
    for one, expected in zip(found, observed(chains=2)(z), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-10)


def test_a_decoder_of_torch_is_measured():
    """Of float32 weights, as a generator's are, on the very chains of the closed form."""
    torch.manual_seed(0)
    network = torch.nn.Linear(LATENT, PIXELS)
    with torch.no_grad():
        network.weight.copy_(torch.from_numpy(MATRIX))
        network.bias.copy_(torch.from_numpy(OFFSET))
    schedule = sigmoid_schedule(30)
    observation = normal_observation(network, SIMULATED, SIGMA, 4)
    found = lower_bounds(observation, IMAGES, 4, LATENT, schedule)
    expected = lower_bounds(observed(chains=4), IMAGES, 4, LATENT, schedule)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_it_is_the_exact_likelihood():
    """Within 0.4 nats for each image and 0.15 in the mean of five, of −10 to −13.

    That is four standard errors: a chain's weight deviates by 0.75 with 200 distributions, and 64
    chains are averaged. A step size that does not follow the past deviates by less here.
    """
    below = lower_bounds(observed(), IMAGES, CHAINS, LATENT, sigmoid_schedule(200))
    np.testing.assert_allclose(below, EXACT, rtol=0, atol=0.4)
    assert below.mean() == pytest.approx(EXACT.mean(), abs=0.15)


def test_both_ways_bracket_it():
    """In the mean of 300 images of one chain each: the nearer, the more distributions there are.

    A mean of weights is p(x) itself however few there are, and of the way back 1 / p(x).
    """
    z = np.random.default_rng(5).normal(size=(300, LATENT))
    noise = SIGMA * np.random.default_rng(6).normal(size=(300, PIXELS))
    images = z @ MATRIX.T + OFFSET + noise
    exact = reference.linear_decoder_log_likelihood(images, MATRIX, OFFSET, SIGMA)
    gaps = []
    for count in (10, 30, 90):
        schedule = sigmoid_schedule(count)
        below = lower_bounds(observed(images, 1), 300, 1, LATENT, schedule) - exact
        above = upper_bounds(observed(images, 1), z, 1, schedule) - exact
        assert below.mean() < 0 < above.mean()
        gaps.append(above.mean() - below.mean())
    assert gaps[0] > gaps[1] > gaps[2]
    for ratios in (np.exp(below), np.exp(-above)):
        assert ratios.mean() == pytest.approx(1, abs=4 * ratios.std() / 300**0.5)


def test_chains_end_in_the_posterior():
    """Of a linear decoder it is normal, with mean (WᵀW + σ²I)⁻¹ Wᵀ(x − b)."""
    chains = 400
    start = np.random.default_rng(3).normal(size=(chains, LATENT))
    found = anneal(observed(SIMULATED[:1], chains), start, sigmoid_schedule(100))
    inner = MATRIX.T @ MATRIX + SIGMA**2 * np.eye(LATENT)
    mean = np.linalg.solve(inner, MATRIX.T @ (SIMULATED[0] - OFFSET))
    covariance = SIGMA**2 * np.linalg.inv(inner)
    deviations = np.sqrt(np.diag(covariance))
    assert (abs(found.latent.mean(axis=0) - mean) < 0.25 * deviations).all()
    np.testing.assert_allclose(found.latent.std(axis=0), deviations, rtol=0.2)
    assert 0.4 < found.accepted.mean() < 0.95


def test_a_chain_is_the_same_whatever_stands_beside_it():
    schedule = sigmoid_schedule(20)
    all_of_them = lower_bounds(observed(), IMAGES, CHAINS, LATENT, schedule)
    first = lower_bounds(observed(SIMULATED[:2]), 2, CHAINS, LATENT, schedule)
    np.testing.assert_allclose(first, all_of_them[:2], rtol=1e-9)


def test_an_unlikely_image_is_found_unlikely():
    far = SIMULATED + 3.0
    exact = reference.linear_decoder_log_likelihood(far, MATRIX, OFFSET, SIGMA)
    below = lower_bounds(observed(far), IMAGES, CHAINS, LATENT, sigmoid_schedule(100))
    np.testing.assert_allclose(below, exact, atol=0.3)
    assert (below < EXACT - 10).all()


def test_the_schedule_is_densest_at_both_ends():
    schedule = sigmoid_schedule(101)
    steps = np.diff(schedule)
    assert (schedule[0], schedule[50], schedule[-1]) == (0, pytest.approx(0.5), 1)
    assert steps.argmax() in (49, 50)
    assert steps[0] < steps[25] < steps[49]
    np.testing.assert_allclose(steps, steps[::-1], rtol=1e-9)
    assert sigmoid_schedule(2).tolist() == [0, 1]


def test_refusals():
    with pytest.raises(RefusedInput, match=r"count \(=1\)"):
        sigmoid_schedule(1)
    with pytest.raises(RefusedInput, match=r"sigma \(=0.0\)"):
        normal_observation(decoder, SIMULATED, 0.0, 1)
    with pytest.raises(RefusedInput, match=r"observation: row 1 \(=nan\)"):
        anneal(lambda z: (np.array([0.0, np.nan]), z), np.zeros((2, 2)), sigmoid_schedule(3))


def test_where_the_decoder_gives_nonsense_a_chain_does_not_go():
    """Beyond |z| = 1 its likelihood is no number: moves there are not accepted."""

    def inside(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        out = (abs(z) > 1).any(axis=1)
        return np.where(out, np.nan, 0.0), np.where(out[:, None], np.nan, 0 * z)

    found = anneal(inside, np.zeros((50, 1)), sigmoid_schedule(50))
    assert (abs(found.latent) <= 1).all()
    assert found.log_weights.tolist() == [0.0] * 50
