"""Likelihoods of a linear GAN, which are known, through all that a GAN's own ones go through."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm

from ganray.errors import RefusedInput
from ganray.latents.likelihood import dequantised, likelihood_chunk, normal_to
from ganray.models.laws import Codes, Joined, Labelled, Normal, Sphere, Uniform, free_part
from ganray.specs import LikelihoodSpec
from tests.linear_gan import LATENT, Linear
from tests.reference import density as reference

SIGMA = 0.2
IMAGES = np.random.default_rng(0).integers(60, 200, size=(7, 1, 2, 4)).astype(np.uint8)
SPEC = LikelihoodSpec(chains=30, steps=15, windows=4000, chunk=7)


def found(gan, spec=SPEC, images=IMAGES, index=0, sigma=SIGMA):
    return likelihood_chunk(gan, images, sigma, spec, seed=3, order=5, index=index)


@pytest.mark.parametrize("labels", [1, 3])
def test_it_is_the_exact_likelihood(labels):
    """Of labels, which each chain draws and keeps, it is that of all together.

    Four standard errors: of 30 chains, of which a third has each label, weights deviate by about
    as much as they are.
    """
    gan = Linear(labels=labels)
    exact = gan.exact(dequantised(IMAGES, 5, 0, 7), SIGMA)
    numbers = found(gan)
    np.testing.assert_allclose(numbers["lower"], exact, atol=0.8 if labels > 1 else 0.5)
    assert numbers["lower"].mean() == pytest.approx(exact.mean(), abs=0.25)
    np.testing.assert_allclose(numbers["parzen"], exact, atol=0.3)  # of 4,000 windows, few pixels


def test_of_uniform_latent_vectors_it_is_the_integral_over_them():
    gan = Linear(law=Uniform(1))
    points, z = dequantised(IMAGES, 5, 0, 7), np.linspace(-1, 1, 4001)
    made = z[:, None] * gan.matrix[:, 0] + gan.offsets[0]
    dense = norm.logpdf(points[:, None], made, SIGMA).sum(axis=2)
    exact = np.logaddexp.reduce(dense, axis=1) - np.log(len(z))
    np.testing.assert_allclose(found(gan)["lower"], exact, atol=0.4)


def test_simulated_images_lie_between_bounds_that_close_with_more_steps():
    """Of mean bounds over 40 images, at 108, 24 and 4 nats apart."""
    gaps = []
    for steps in (2, 5, 15):
        spec = LikelihoodSpec(chains=4, steps=steps, windows=10, chunk=40)
        numbers = found(Linear(size=0.8), spec)
        gaps.append((numbers["simulated_upper"] - numbers["simulated_lower"]).mean())
    assert gaps[0] > 2 * gaps[1] > 4 * gaps[2] > 0


def test_windows_are_those_of_the_reference():
    gan, spec = Linear(), LikelihoodSpec(chains=1, steps=2, windows=30, chunk=7)
    centres = gan(gan.noise(3, "windows", 0, 30)).flatten(1).double().numpy()
    expected = [
        reference.parzen(point[None], centres, SIGMA) for point in dequantised(IMAGES, 5, 0, 7)
    ]
    np.testing.assert_allclose(found(gan, spec)["parzen"], expected, rtol=1e-6)


def test_few_windows_in_many_pixels_are_far_below():
    """Direction: σ is small beside what samples differ by, and no sample is near a test image."""
    gan = Linear(shape=(1, 20, 20), size=1.0)
    z = np.random.default_rng(1).normal(size=(7, LATENT))
    images = np.clip(255 * (z @ gan.matrix.T + gan.offsets), 0, 255).astype(np.uint8)
    spec = LikelihoodSpec(chains=4, steps=60, windows=20, chunk=7)
    numbers = found(gan, spec, images.reshape(7, 1, 20, 20), sigma=0.05)
    assert numbers["lower"].mean() > numbers["parzen"].mean() + 10


def test_images_are_followed_by_the_first_again():
    """A last chunk is full, so that how many images are asked for changes none."""
    gan, spec = Linear(), LikelihoodSpec(chains=1, steps=3, windows=5, chunk=3)
    third = found(gan, spec, index=2)
    again = dequantised(IMAGES, 5, 6, 3)
    np.testing.assert_array_equal(np.floor(256 * again), IMAGES[[6, 0, 1]].reshape(3, -1))
    np.testing.assert_array_equal(found(gan, spec, index=2)["lower"], third["lower"])


def test_normal_numbers_become_those_of_each_law():
    numbers = torch.from_numpy(np.random.default_rng(2).normal(size=(4000, 3)))
    uniform = normal_to(Labelled(Uniform(3, low=0.0), (1, 2)), numbers).numpy()
    assert (uniform.min(), uniform.max()) == (
        pytest.approx(0, abs=1e-3),
        pytest.approx(1, abs=1e-3),
    )
    assert uniform.var() == pytest.approx(1 / 12, rel=0.03)
    sphere = normal_to(Codes(Sphere(3), 2, 1), numbers)
    np.testing.assert_allclose(sphere.norm(dim=1), 3**0.5)
    torch.testing.assert_close(normal_to(Joined(Normal(3), Uniform(1)), numbers), numbers)
    torch.testing.assert_close(normal_to(Normal(3, deviation=0.5), numbers), numbers / 2)
    bounded = normal_to(Normal(3, bound=1.0, deviation=2.0), numbers)
    assert bounded.abs().max() < 2
    spread = Normal(3, bound=1.0, deviation=2.0).root_mean_square
    assert float(bounded.square().mean()) ** 0.5 == pytest.approx(spread, rel=0.02)
    assert free_part(Joined(Labelled(Sphere(3), (1,)), Uniform(1))) == Sphere(3)


def test_refusals():
    with pytest.raises(RefusedInput, match=r"sigma \(=0.0\)"):
        found(Linear(), sigma=0.0)
    with pytest.raises(RefusedInput, match="must be normal, uniform or on a sphere"):
        normal_to(Sphere(2, bound=1.0), torch.zeros(1, 2))
