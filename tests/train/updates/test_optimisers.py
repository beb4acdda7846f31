"""Descents against torch's own optimisers, to the bit; what they load; what they remember."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from ganray.train.updates.optimisers import AdamDescent, Descent, RmsPropDescent

KINDS = {
    "adam": (AdamDescent, torch.optim.Adam, {"lr": 0.01, "betas": (0.5, 0.9)}),
    "rmsprop": (RmsPropDescent, torch.optim.RMSprop, {"lr": 0.01, "alpha": 0.9}),
}


def weights() -> list[torch.nn.Parameter]:
    drawn = torch.Generator().manual_seed(3)
    shapes = ((3, 4), (5,), (2, 3, 3, 3))
    return [torch.nn.Parameter(torch.randn(shape, generator=drawn)) for shape in shapes]


def gradients(own: list[torch.nn.Parameter], step: int) -> None:
    """The last weight has one at every second step alone."""
    drawn = torch.Generator().manual_seed(step)
    for place, weight in enumerate(own):
        gradient = torch.randn(weight.shape, generator=drawn)
        weight.grad = None if place == 2 and step % 2 else gradient


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("foreach", [True, False])
def test_weights_and_moments_are_those_of_torch(kind, foreach):
    own, theirs, settings = KINDS[kind]
    mine, others = weights(), weights()
    first, second = own(mine, **settings), theirs(others, foreach=foreach, **settings)
    for step in range(7):
        if step == 4:
            for descent in (first, second):
                descent.param_groups[0]["lr"] = 0.5
        for one, descent in ((mine, first), (others, second)):
            gradients(one, step)
            descent.step()
    for one, other in zip(mine, others, strict=True):
        assert torch.equal(one, other)
    kept, known = first.state_dict()["state"], second.state_dict()["state"]
    assert kept.keys() == known.keys()
    for place, state in kept.items():
        assert state.keys() == known[place].keys()
        assert all(torch.equal(value, known[place][name]) for name, value in state.items())


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_remembers_can_be_taken_over(kind):
    own, _, settings = KINDS[kind]
    straight, resumed = weights(), weights()
    first: Descent = own(straight, **settings)
    second: Descent = own(resumed, **settings)
    for step in range(4):
        if step == 2:
            told = second.state_dict()
            second = own(resumed, lr=1.0)
            second.load_state_dict(told)
        for one, descent in ((straight, first), (resumed, second)):
            gradients(one, step)
            descent.step()
    assert all(torch.equal(a, b) for a, b in zip(straight, resumed, strict=True))


def test_gradients_are_forgotten_or_zero():
    own = weights()
    descent = AdamDescent(own)
    gradients(own, 0)
    descent.zero_grad(set_to_none=False)
    assert all(weight.grad is not None and not weight.grad.any() for weight in own)
    descent.zero_grad()
    assert all(weight.grad is None for weight in own)


TRAINED = """
import sys
from ganray.models import DefenseGan
from ganray.train.algorithms.wgan_gp import WganGp
from ganray.train.costs.blank import blank_trainer
from ganray.train.costs.flops import gan_flops
from ganray.train.costs.memory import gan_memory

model, train = DefenseGan(width=2), WganGp(batch=2)
gan_flops((1, 28, 28), model, train)
gan_memory((1, 28, 28), model, train)
blank_trainer((1, 28, 28), model, train, "cpu").advance()
assert not {"torch._dynamo", "sympy"} & sys.modules.keys()
import torch
assert torch._dynamo.disable(len)([1]) == 1, "who wants the compiler has it"
assert {"torch._dynamo", "sympy"} <= sys.modules.keys()
from torch.fx.experimental.symbolic_shapes import ShapeEnv
assert ShapeEnv.__module__ == "torch.fx.experimental.symbolic_shapes"
"""


def test_neither_counting_nor_training_loads_the_compiler_or_sympy():
    done = subprocess.run([sys.executable, "-c", TRAINED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
