"""The projection: the nearest of all descents on all GANs, each pair by itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.latents.projection import Defence, Projected
from ganray.models import DefenseGan
from ganray.models.sampler import Sampler, new_networks
from ganray.randomness import normals
from ganray.specs import SearchSpec
from tests.reference import defense_gan as reference

SHAPE, MODEL = (1, 28, 28), DefenseGan(width=4, latent=8)
SPEC = SearchSpec(steps=12)
ROWS = np.array([4, 0, 9])


def gan(seed: int) -> Sampler:
    """Random weights, scaled up so that latents change the picture."""
    sampler = Sampler(MODEL, SHAPE, new_networks(MODEL, SHAPE, seed=seed)).eval()
    with torch.no_grad():
        for name, weight in sampler.named_parameters():
            if name.endswith("weight"):
                weight.mul_(2)
    return sampler.requires_grad_(False)


GANS = [gan(seed) for seed in range(3)]
DEFENCE = Defence(GANS, SPEC, 2, 5)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    """One image of each GAN's own."""
    return torch.cat([one(one.noise(1, "own", 0, 1) * SPEC.initial_variance**0.5) for one in GANS])


@pytest.fixture(scope="module")
def found(images) -> Projected:
    return DEFENCE.project(images, ROWS)


def test_every_descent_is_plain_momentum_and_the_best_of_each_gan_counts(images, found):
    for place, one in enumerate(GANS):
        for row, number in enumerate(ROWS):
            ends = []
            for restart in range(2):
                drawn = normals(5, f"defence/{place}/{number}", restart, 1, 8)[0]
                start = (drawn * (1 / 128) ** 0.5).astype(np.float32)
                told = SPEC.steps, SPEC.learning_rate, SPEC.momentum
                ends.append(reference.search(one.tensors(), MODEL.width, images[row], start, *told))
            residuals = [residual for _, residual in ends]
            best = ends[int(np.argmin(residuals))]
            assert found.residuals[row, place].item() == pytest.approx(min(residuals), rel=1e-3)
            np.testing.assert_allclose(found.latents[place][row], best[0], rtol=0.02, atol=2e-3)


def test_residuals_are_those_of_the_answers_and_the_nearest_is_given(images, found):
    errors = (found.answers - images[:, None]).square().mean(dim=(2, 3, 4))
    torch.testing.assert_close(found.residuals, errors)
    assert torch.equal(found.nearest, errors.argmin(dim=1))
    for row in range(3):
        assert torch.equal(found.images[row], found.answers[row, found.nearest[row]])


def test_a_gans_own_image_is_nearest_to_it(found):
    """Direction: the projection tells whose an image is."""
    assert found.nearest.tolist() == [0, 1, 2]


def test_an_image_is_projected_by_its_number_whatever_is_beside_it(images, found):
    alone = DEFENCE.project(images[1:2], ROWS[1:2])
    torch.testing.assert_close(alone.images[0], found.images[1], rtol=1e-3, atol=1e-4)
    other = DEFENCE.project(images[1:2], ROWS[1:2], "bpda/0")
    assert not torch.equal(other.latents[0], alone.latents[0])
    assert torch.equal(DEFENCE.project(images, ROWS).images, found.images)


def test_what_is_not_finite_is_never_nearest():
    nan = torch.tensor([[torch.nan, 0.5], [0.2, torch.inf]])
    shown = Projected((), torch.zeros(2, 2, 1, 1, 1), nan)
    assert shown.nearest.tolist() == [1, 0]
