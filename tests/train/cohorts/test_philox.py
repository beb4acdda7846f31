"""Numbers that are drawn on a device are those of `ganray.randomness`, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.models import DefenseGan
from ganray.models.dcgan import Dcgan
from ganray.models.spec import Prior
from ganray.randomness import uniforms
from ganray.train.cohorts.philox import uniforms_on
from ganray.train.cohorts.supply import recipe_of
from ganray.train.inputs import draws
from ganray.train.inputs.draws import drawn
from tests.train.cohorts.test_gradients import small

SEEDS = [5, 2**62 + 3]


@pytest.mark.parametrize(
    ("start", "count", "width"), [(0, 5, 1), (3, 10, 7), (1000, 50, 128), (2**40, 3, 4)]
)
def test_they_are_the_hosts(start: int, count: int, width: int) -> None:
    made = uniforms_on(torch.device("cpu"), SEEDS, "train/x", start, count, width).numpy()
    for index, seed in enumerate(SEEDS):
        np.testing.assert_array_equal(made[index], uniforms(seed, "train/x", start, count, width))


@pytest.mark.parametrize(
    "draw",
    [
        draws.Latents("a"), draws.NormalLatents("b"), draws.Uniform("c"), draws.Uniforms("d", 3),
        draws.Normals("e"), draws.PixelUniforms("f"),
    ],
)  # fmt: skip
def test_laws_on_a_device_are_those_of_the_host(draw: draws.Draw) -> None:
    model, shape = small("wgan_gp")[0], (1, 6, 5)
    recipe = recipe_of(draw, model, shape)
    assert recipe is not None
    even = uniforms_on(torch.device("cpu"), SEEDS, recipe.stream, 7, 9, recipe.width)
    made = recipe.law(even).float().view(len(SEEDS), 9, *recipe.shape).numpy()
    for index, seed in enumerate(SEEDS):
        expected = drawn(draw, model, shape, seed, 7, 9).astype(np.float32)
        np.testing.assert_allclose(made[index], expected, rtol=3e-7)


@pytest.mark.parametrize("law", ["normal", "uniform", "sphere"])
def test_laws_of_latent_vectors(law: str) -> None:
    model = Dcgan(law=law, latent=5)
    recipe = recipe_of(draws.Latents("z"), model, (1, 28, 28))
    assert recipe is not None
    even = uniforms_on(torch.device("cpu"), [3], "z", 0, 8, 5)
    expected = model.latents.rows(3, "z", 0, 8)
    np.testing.assert_allclose(recipe.law(even)[0].numpy(), expected, rtol=1e-12)


def test_other_laws_are_the_hosts() -> None:
    model = DefenseGan(prior=Prior(bound=2.0))
    assert recipe_of(draws.Latents("z"), model, (1, 28, 28)) is None
