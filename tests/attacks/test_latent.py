"""The attack on z: misclassified images of the range, near their originals, or none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from ganray.attacks import LatentAttack, Victim
from ganray.attacks.gradients import margin
from tests.attacks.victims import Linear
from tests.latents.test_projection import DEFENCE, GANS, ROWS

ATTACK = LatentAttack(iterations=25, learning_rate=0.1, constant=20, confidence=0.2, limit=0.2)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    """Own images of the first GAN."""
    return GANS[0](GANS[0].noise(1, "attacked", 0, 3)).detach()


@pytest.fixture(scope="module")
def victim(images) -> Victim:
    """A linear classifier whose boundary lies among these images."""
    draw = torch.Generator().manual_seed(4)
    weight = torch.randn(3, 784, generator=draw) / 4
    bias = -(images.flatten(1) @ weight.T).mean(dim=0)
    return Victim(Linear(weight, bias), ROWS, 7, DEFENCE)


@pytest.fixture(scope="module")
def labels(victim, images) -> torch.Tensor:
    return victim.logits(images).argmax(dim=1)


def test_what_it_finds_is_misclassified_near_and_in_the_range(victim, images, labels):
    found = ATTACK.perturb(victim, images, labels)
    moved = (found != images).flatten(1).any(dim=1)
    assert moved.any()
    assert (margin(victim.logits(found), labels)[moved] < -0.2).all()
    assert ((found - images).square().mean(dim=(1, 2, 3)) <= 0.2).all()
    patient = DEFENCE.spec.model_copy(update={"steps": 40})
    defence = dataclasses.replace(DEFENCE, spec=patient, restarts=1)
    back = defence.project(found, ROWS).residuals.min(dim=1).values
    noise = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    assert back[moved].max() < defence.project(noise, ROWS).residuals.min() / 2


def test_the_nearest_of_all_gans_counts(victim, images, labels):
    single = dataclasses.replace(victim, defence=dataclasses.replace(DEFENCE, samplers=GANS[:1]))
    alone = ATTACK.perturb(single, images, labels)
    together = ATTACK.perturb(victim, images, labels)
    distances = [(found - images).square().mean(dim=(1, 2, 3)) for found in (alone, together)]
    both = (distances[0] > 0) & (distances[1] > 0)
    assert both.any()
    assert (distances[1][both] <= distances[0][both] * (1 + 1e-3)).all()


def test_an_image_that_has_none_near_stays_as_it_is(victim, images, labels):
    strict = ATTACK.model_copy(update={"limit": 1e-9})
    assert torch.equal(strict.perturb(victim, images, labels), images)
    assert np.array_equal(victim.rows, ROWS)
