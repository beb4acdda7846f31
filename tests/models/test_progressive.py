"""Progressive growing: which size when, how it fades, what it costs, and what a sampler knows."""

from __future__ import annotations

import pytest
import torch

from ganray.models import Progressive
from ganray.models.sampler import new_networks, trained_sampler
from ganray.tensors import deserialise, serialise
from ganray.train import GanTrainer, WganGp
from ganray.train.costs.flops import gan_flops, training_flops
from tests.families import images

MODEL = Progressive(width=4, latent=4, phase=10)
SHAPE = (1, 32, 32)


def test_each_size_fades_in_for_a_phase_and_stays_for_another():
    details = {0: 0, 9: 0, 10: 0, 15: 0.5, 20: 1, 29: 1, 30: 1, 33: 1.3, 40: 2, 59: 2.9, 60: 3}
    for iteration, detail in details.items():
        assert MODEL.detail(iteration) == pytest.approx(detail), iteration
    networks = new_networks(MODEL, SHAPE, 0)
    MODEL.prepare(networks, 10**6)
    assert networks["generator"].grown == 3


@pytest.mark.parametrize(("iteration", "square"), [(0, 8), (25, 4), (45, 2), (70, 1)])
def test_images_have_the_detail_that_has_been_grown(iteration, square):
    networks = new_networks(MODEL, SHAPE, 0)
    MODEL.prepare(networks, iteration)
    made = networks["generator"](torch.randn(3, 4))
    assert made.shape == (3, *SHAPE)
    tiles = made.unfold(2, square, square).unfold(3, square, square).flatten(4)
    assert float((tiles.max(dim=4).values - tiles.min(dim=4).values).detach().max()) == 0
    if square > 1:  # and the critic sees no more of others'
        noise = torch.randn(3, *SHAPE)
        noise = noise - torch.nn.functional.interpolate(
            torch.nn.functional.avg_pool2d(noise, square), scale_factor=square
        )
        critic = networks["critic"]
        torch.testing.assert_close(critic(made), critic(made + noise), rtol=1e-4, atol=1e-4)


def test_a_size_that_fades_in_begins_as_the_one_before():
    networks = new_networks(MODEL, SHAPE, 1)
    z, shown = torch.randn(2, 4), torch.rand(2, *SHAPE)
    for role, given in (("generator", z), ("critic", shown)):
        network = networks[role]
        network.grow(1.0)
        before = network(given)
        network.grow(1.0 + 1e-6)
        torch.testing.assert_close(network(given), before, rtol=1e-3, atol=1e-4)
        network.grow(2.0 - 1e-6)
        after = network(given)
        network.grow(2.0)
        torch.testing.assert_close(network(given), after, rtol=1e-3, atol=1e-4)


def test_operations_are_those_of_the_sizes_that_were_trained():
    train = WganGp(batch=4, critic_steps=1)
    each = {at: gan_flops(SHAPE, MODEL, train, 1, at) for at in (5, 15, 25, 65)}
    assert each[15] > each[25]  # of two sizes at once
    assert each[5] < each[25] < each[65]
    assert each[5] < each[65] / 10
    assert each[65] == gan_flops(SHAPE, MODEL, train)
    whole = 10 * each[5] + 10 * each[15] + 5 * each[25]
    assert training_flops(SHAPE, MODEL, train, 1, 25) == whole
    alike = MODEL.alike(100_000)
    assert sum(count for _, count in alike) == 100_000
    assert alike[-1][1] > 99_000  # of the last size


def test_a_sampler_draws_at_the_size_that_was_reached():
    trainer = GanTrainer(images(8, shape=SHAPE), MODEL, WganGp(batch=4, critic_steps=1, ema=0.9))
    for _ in range(16):
        trainer.advance()
    assert float(trainer.ema.networks["generator"].detail) == pytest.approx(0.5)
    stored = deserialise(serialise(trainer.sampler().tensors()))
    sampler = trained_sampler(MODEL, SHAPE, stored)
    made = sampler(sampler.noise(0, "x", 0, 2))
    tiles = made.unfold(2, 4, 4).unfold(3, 4, 4).flatten(4)
    assert float((tiles.max(dim=4).values - tiles.min(dim=4).values).max()) == 0
    assert float(made.std()) > 0
