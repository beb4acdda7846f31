"""GANs of one number: batches by index, distances, slopes, and games as the theory has them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from ganray.errors import RefusedInput
from ganray.laboratory.networks import SHAPE, Mixture, NumberNetworks
from ganray.laboratory.numbers import Numbers, floor, look, wasserstein
from ganray.models.sampler import new_networks
from ganray.train import run
from ganray.train.algorithms import R3Gan, Vanilla, Wgan, WganGp
from ganray.train.gan import GanTrainer
from ganray.train.inputs.batches import Batches

REAL = Mixture(segments=[(-0.9, -0.5), (0.2, 0.4), (0.5, 0.9)])
USUAL = {"batch": 64, "joined": True, "learning_rate": 2e-4, "critic_learning_rate": 5e-3}
numbers = st.lists(st.floats(-1, 1), min_size=1, max_size=30)


def trainer(train, real=None, seed=0) -> GanTrainer:
    source = Numbers(real or Mixture(), train.batch, seed)
    return GanTrainer(source, NumberNetworks(), train, seed, "cpu")


def trained(train, iterations, seed=0) -> GanTrainer:
    made = trainer(train, seed=seed)
    run(made, iterations, progress=False)
    return made


def test_real_numbers_are_uniform_in_their_segments_and_drawn_by_index():
    drawn = REAL.rows(3, "some", 0, 30_000)
    for low, high in REAL.segments:
        inside = drawn[(drawn >= low) & (drawn <= high)]
        assert len(inside) / len(drawn) == pytest.approx(1 / 3, abs=0.01)
        assert inside.mean() == pytest.approx((low + high) / 2, abs=0.005)
        assert inside.std() == pytest.approx((high - low) / np.sqrt(12), rel=0.02)
    at = np.linspace(-1, 1, 20_001)
    assert REAL.density(at).mean() * 2 == pytest.approx(1, abs=1e-3)
    np.testing.assert_array_equal(REAL.rows(3, "some", 100, 7), drawn[100:107])


def test_batches_are_parts_of_one_sequence():
    source = Numbers(REAL, 8, 1)
    assert isinstance(source, Batches)
    images, rows = source(5)
    assert images.shape == (8, *SHAPE)
    part, chosen = source(5, slice(2, 6))
    assert torch.equal(part, images[2:6])
    assert chosen.tolist() == rows[2:6].tolist() == [42, 43, 44, 45]


@given(one=numbers, seed=st.integers(0, 99))
def test_the_distance_is_what_scipy_finds(one, seed):
    other = np.random.default_rng(seed).uniform(-1, 1, len(one))
    expected = wasserstein_distance(one, other)
    assert wasserstein(np.array(one), other) == pytest.approx(expected, abs=1e-12)


def test_the_floor_falls_with_the_root_of_the_count():
    assert floor(Mixture(), 0, 400) == pytest.approx(3 * floor(Mixture(), 0, 3600), rel=0.5)


@pytest.mark.parametrize(
    "train", [Vanilla(**USUAL), Wgan(**USUAL, critic="as_published"), R3Gan(batch=64)]
)
def test_slopes_are_those_of_finite_differences(train):
    made = trained(train, 3)
    seen = look(made, Mixture(), 50)
    for network in made.networks.values():
        network.double()
    noise = torch.from_numpy(made.model.latents.rows(0, "look", 0, 50))
    reals = torch.from_numpy(Mixture().rows(0, "look", 0, 50)).reshape(-1, *SHAPE)
    with torch.no_grad():
        points = made.networks["generator"](noise)
        critic, step = made.networks["critic"], 1e-6

        def said(at):
            return train.said(critic(at))

        def losses(at):
            values, real = critic(at), critic(reals)
            whole = [
                train.generator_loss(values[n : n + 1], real[n : n + 1], {}) for n in range(50)
            ]
            return torch.stack(whole)

        for found, function in ((seen.gradient, said), (seen.pull, losses)):
            slopes = (function(points + step) - function(points - step)) / (2 * step)
            assert found == pytest.approx(float(slopes.abs().mean()), rel=1e-3)


def test_weights_begin_as_torchs_own_do_and_by_index():
    """Biases, too, without which a layer could bend at 0 alone."""
    networks = new_networks(NumberNetworks(width=400), SHAPE, 5)
    for network in networks.values():
        for layer in network.modules():
            if isinstance(layer, torch.nn.Linear) and layer.out_features > 1:
                bound = layer.in_features**-0.5
                for values in (layer.weight.detach(), layer.bias.detach()):
                    assert float(values.abs().max()) <= bound
                    assert float(values.std()) == pytest.approx(bound / np.sqrt(3), rel=0.1)
    again = new_networks(NumberNetworks(width=400), SHAPE, 5)["critic"].state_dict()
    for name, value in networks["critic"].state_dict().items():
        assert torch.equal(value, again[name])
    with pytest.raises(RefusedInput, match="these networks make numbers"):
        new_networks(NumberNetworks(), (1, 28, 28))


def test_a_trainer_goes_on_to_the_same_bits():
    train = WganGp(**USUAL, critic_steps=2, ema=0.9)
    whole, begun, resumed = trained(train, 9), trained(train, 4), trainer(train)
    resumed.load(4, begun.tensors())
    run(resumed, 9, progress=False)
    for name, value in whole.tensors().items():
        assert torch.equal(value, resumed.tensors()[name]), name


def test_the_best_critic_tells_the_generator_nothing_but_by_wassersteins_loss():
    """Arjovsky and Bottou (arXiv 1701.04862), theorem 2.4, where data and generated are apart."""
    often = USUAL | {"critic_steps": 120}
    slopes = {}
    for name, train in {
        "saturating": Vanilla(**often, game="saturating"),
        "non-saturating": Vanilla(**often),
        "wasserstein": WganGp(**often, penalty_weight=0.1),
    }.items():
        slopes[name] = look(trained(train, 1), Mixture(), 512)
    assert slopes["saturating"].gradient < 0.2
    assert slopes["saturating"].pull < 0.2
    assert slopes["non-saturating"].pull > 1
    assert slopes["wasserstein"].gradient == slopes["wasserstein"].pull > 1


def test_a_generator_far_ahead_gives_one_number():
    train = Vanilla(**USUAL | {"generator_steps": 25, "learning_rate": 1e-3}, game="saturating")
    density = look(trained(train, 8), Mixture(), 512).density
    assert (density > 0).sum() < 12


@pytest.mark.slow
@pytest.mark.parametrize(
    "train",
    [Vanilla(batch=64, game="saturating"), WganGp(batch=64, penalty_weight=0.1, critic_steps=1)],
)
def test_in_step_both_segments_are_found(train):
    rates = {"learning_rate": 5e-4, "critic_learning_rate": 2e-3, "joined": True}
    train = train.model_copy(update=rates)
    found = look(trained(train, 400), Mixture(), 1024)
    assert found.distance < 0.25
    left = found.density[:50].sum() / found.density.sum()
    assert 0.3 < left < 0.7
