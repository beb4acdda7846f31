"""What holds for the losses of every algorithm."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.errors import RefusedInput
from ganray.models import Conditional, Dcgan, InfoGan, Mixture
from ganray.tensors import deserialise, serialise
from ganray.train import GanTrainer, algorithms
from ganray.train.algorithms import ALGORITHMS
from ganray.train.costs.flops import gan_flops
from tests import families
from tests.families import games, partner

TRAININGS = families.TRAININGS | {
    "wgan_gp, r1": algorithms.WganGp(batch=4, critic_steps=1, penalty="r1", penalty_interval=2)
}
every = pytest.mark.parametrize("name", TRAININGS)


def test_none_is_left_out():
    assert {one.algorithm for one in TRAININGS.values()} == set(map(ALGORITHMS.word, ALGORITHMS))


@every
def test_a_loss_stacks(name):
    """Two GANs' parameters under `vmap` have each its own gradients: no state, no module."""
    train, model = TRAININGS[name], partner(name)
    for one, other in zip(games(train, model, 1), games(train, model, 2), strict=True):
        members = [one, other]
        alone = [_gradients(game) for game in members]
        stacked = {
            role: {key: torch.stack([g.state[role][key] for g in members]) for key in own}
            for role, own in one.state.items()
        }
        noise = {key: torch.stack([g.noise[key] for g in members]) for key in one.noise}
        real = torch.stack([game.real for game in members])

        def loss(moved, held, real, noise, one=one):
            return one.loss(held | moved, real, noise)

        moved = {
            role: {key: stacked[role][key] for key in _trained(one, role)}
            for role in one.step.moves
        }
        held = {
            role: {key: own[key] for key in own if key not in moved.get(role, {})}
            for role, own in stacked.items()
        }

        def whole(moved, held, real, noise, loss=loss):
            return loss({r: held[r] | moved[r] for r in moved}, held, real, noise)

        found = torch.vmap(torch.func.grad(whole))(moved, held, real, noise)
        for place, expected in enumerate(alone):
            for role, own in expected.items():
                for key, value in own.items():
                    torch.testing.assert_close(found[role][key][place], value, msg=f"{role} {key}")


def _trained(game, role):
    return [key for key, _ in game.networks[role].named_parameters()]


def _gradients(game):
    state = game.state
    leaves = {
        role: {key: state[role][key].requires_grad_() for key in _trained(game, role)}
        for role in game.step.moves
    }
    flat = [value for own in leaves.values() for value in own.values()]
    loss = game.loss(state, game.real, game.noise)
    answers = iter(torch.autograd.grad(loss, flat, allow_unused=True, materialize_grads=True))
    return {role: {key: next(answers) for key in own} for role, own in leaves.items()}


@every
def test_gradients_are_finite_differences(name):
    """Along a random direction, in float64; of every step's loss by what it moves."""
    train, model = TRAININGS[name], partner(name)
    for game in games(train, model, 5):
        gradients, state = _gradients(game), game.state
        torch.manual_seed(0)
        way = {r: {k: torch.randn_like(v) for k, v in own.items()} for r, own in gradients.items()}

        def at(step, state=state, way=way, game=game):
            moved = {
                role: {
                    key: value + step * way[role][key] if key in way.get(role, {}) else value
                    for key, value in own.items()
                }
                for role, own in state.items()
            }
            return float(game.loss(moved, game.real, game.noise).detach())

        along = sum(float((gradients[r][k] * way[r][k]).sum()) for r in way for k in way[r])
        # Networks of images have many more kinks, and are small near to them.
        width = 1e-8 if model.of_images else 1e-6
        slope = (at(width) - at(-width)) / (2 * width)
        assert slope == pytest.approx(along, rel=1e-4, abs=1e-7), game.step.name


@every
def test_a_resumed_training_is_the_same_to_the_bit(name):
    train, model = TRAININGS[name].model_copy(update={"ema": 0.9}), partner(name)
    whole, begun, resumed = (families.trainer(model, train, seed=3) for _ in range(3))
    for _ in range(4):
        losses = whole.advance()
    for _ in range(2):
        begun.advance()
    resumed.load(begun.step, deserialise(serialise(begun.tensors())))
    for _ in range(2):
        again = resumed.advance()
    assert torch.equal(losses, again)
    assert losses.isfinite().all()
    for key, value in whole.tensors().items():
        assert torch.equal(resumed.tensors()[key], value), key


def test_settings_that_would_do_nothing_are_refused():
    for train, name in (
        (algorithms.MixGan, "diversity"),
        (algorithms.MadGan, "joined"),
        (algorithms.SemiSupervised, "joined"),
    ):
        with pytest.raises(ValueError, match=rf"{name} .* has no meaning with algorithm"):
            train(**{name: True if name == "joined" else 0.5})
    with pytest.raises(RefusedInput, match=r"train\.tie .* between several generators"):
        algorithms.check_fit(InfoGan(), algorithms.InfoGan(tie=0.1))


def test_frozen_layers_are_of_a_single_critic_and_stay():
    several = Mixture(of=Dcgan(width=2, latent=4, critic_norm="none"), components=2, critics="each")
    frozen = algorithms.Vanilla(batch=4, critic_frozen=1)
    with pytest.raises(RefusedInput, match=r"train\.critic_frozen .* of a single critic"):
        algorithms.check_fit(several, frozen)
    model, shape = Dcgan(width=2, latent=4), (1, 16, 16)
    trainer = GanTrainer(np.zeros((8, *shape), np.uint8), model, frozen, device="cpu")
    before = {name: w.clone() for name, w in trainer.networks["critic"].named_parameters()}
    trainer.advance()
    after = dict(trainer.networks["critic"].named_parameters())
    moved = {name for name, weight in before.items() if not torch.equal(weight, after[name])}
    assert "conv1.weight" not in moved
    assert {"conv2.weight", "value.weight"} <= moved
    assert gan_flops(shape, model, frozen) < gan_flops(shape, model, algorithms.Vanilla(batch=4))


def test_who_is_to_tell_the_classes_is_not_told_them():
    for train in (algorithms.AcGan(), algorithms.SemiSupervised()):
        with pytest.raises(RefusedInput, match="its critic must not be told the classes"):
            algorithms.check_fit(Conditional(), train)


def test_a_tie_draws_critics_together_too():
    train = algorithms.Vanilla(batch=4, tie=5.0, learning_rate=0.01)
    trainer = families.trainer(families.MODELS["mixture, by class"], train)
    before = {role: spread_of(trainer, role) for role in ("generator", "critic")}
    for _ in range(60):
        trainer.advance()
    for role, width in before.items():
        assert spread_of(trainer, role) < width / 10


def spread_of(trainer, role: str) -> float:
    given = torch.zeros(1, 3) if role == "generator" else torch.zeros(1, *families.SHAPE)
    labels = torch.zeros(1, dtype=torch.long)
    return float(trainer.networks[role](given, "spread", labels=labels).detach())


def test_a_decayed_rate_is_decayed_once():
    train = algorithms.Vanilla(decay_until=100, learning_rate=1.0)
    assert train.at(50).learning_rate == train.at(50).at(50).learning_rate == 0.5
    assert train.scheduled(50).learning_rate == 1.0


@pytest.mark.parametrize("kind", ["int32", "uint8", "list", "tensor"])
def test_labels_may_be_of_any_whole_kind(kind):
    given = families.labels(12)
    told = {
        "list": given.tolist(),
        "tensor": torch.from_numpy(given),
    }.get(kind, given.astype(kind if kind in ("int32", "uint8") else "int64"))
    model, train = families.MODELS["dcgan, acgan"], algorithms.AcGan(batch=4)
    GanTrainer(families.images(12), model, train, 0, "cpu", told, 3).advance()


@pytest.mark.parametrize(
    ("labels", "classes"), [([0, 1], 3), ([-1] * 12, 3), ([0.5] * 12, 3), ([2] * 12, 2)]
)
def test_labels_that_are_none_are_refused(labels, classes):
    model, train = families.MODELS["dcgan, acgan"], algorithms.AcGan(batch=4)
    with pytest.raises(RefusedInput, match="must be the class of each of 12 images"):
        GanTrainer(families.images(12), model, train, 0, "cpu", labels, classes)
    with pytest.raises(RefusedInput, match="tells 2 classes or more apart; here is 1"):
        GanTrainer(
            families.images(12),
            families.MODELS["dcgan, no batch norm"],
            algorithms.SemiSupervised(batch=4),
            0,
            "cpu",
            [0] * 12,
        )
