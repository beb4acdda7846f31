"""WGAN-GP's losses are pure: through modules, or through parameters as arguments."""

from __future__ import annotations

import pytest
import torch

from ganray.models import DefenseGan
from ganray.train import WganGp
from ganray.train.steps import Batch

SPEC = WganGp(batch=3, penalty_interval=2)


@pytest.mark.parametrize("index", [0, 1], ids=["with penalty", "without"])
@pytest.mark.parametrize("step", SPEC.steps(), ids=lambda step: step.name)
def test_a_loss_is_a_function_of_parameters_batch_and_noise(step, index):
    networks = DefenseGan(width=2, latent=4).networks((1, 28, 28), 1)
    real = torch.rand(3, 1, 28, 28)
    noise = {"latents": torch.randn(3, 4), "mix": torch.rand(3, 1, 1, 1)}
    expected = step.loss(networks, Batch(index, real), noise)
    own = {role: dict(network.named_parameters()) for role, network in networks.items()}

    def bound(role):
        return lambda x: torch.func.functional_call(networks[role], own[role], (x,))

    functions = {role: bound(role) for role in networks}
    torch.testing.assert_close(step.loss(functions, Batch(index, real), noise), expected)
    assert all(w.grad is None for network in networks.values() for w in network.parameters())
    own["critic"] = {name: 2 * weight for name, weight in own["critic"].items()}
    assert not torch.allclose(step.loss(functions, Batch(index, real), noise), expected)
