"""What holds for the losses of every algorithm."""

from __future__ import annotations

import pytest
import torch

from ganray.tensors import deserialise, serialise
from ganray.train.algorithms import ALGORITHMS
from tests import families
from tests.families import TRAININGS, games, partner

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
        width = 1e-6
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
