"""`kernel: fused` in cohorts: passes by hand through several networks at once."""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import vmap

from ganray.models import DefenseGan
from ganray.train import GanTrainer, WganGp
from ganray.train.cohorts import Cohort, stacked
from ganray.train.cohorts.stacked import Stacked, own_of
from ganray.train.fused.functions import Fused
from ganray.train.fused.passes import Pass
from ganray.train.fused.sums import Sums
from tests.train.cohorts.test_cohort import apart
from tests.train.cohorts.test_products import INTERPRETED
from tests.train.fused.test_functions import (
    CRITICS,
    GENERATORS,
    critic_loss,
    gradients,
    near,
    networks,
    ready,
    refused,
)

MEMBERS = 2


def several(network: nn.Module) -> list[nn.Module]:
    """Networks of other weights."""
    ready(network)
    return [copy.deepcopy(network) for _ in range(MEMBERS) if mixed(network)]


def mixed(network: nn.Module) -> bool:
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.4)
    return True


def compared(
    members: list[nn.Module],
    loss: Callable[..., Tensor],
    *given: Tensor,
    within: float | None = None,
) -> None:
    """A loss of each member, by layers alone and by passes through all.

    Args:
        within: how far they may be apart; none: as far as 64 bits allow.
    """
    stack = {
        name: torch.stack([dict(one.named_parameters())[name].detach() for one in members])
        for name, _ in members[0].named_parameters()
    }
    for weight in stack.values():
        weight.requires_grad_(True)

    def together(weights: dict[str, Tensor], *own: Tensor) -> Tensor:
        fused = Fused(members[0], refused, None, [Stacked()], own_of(members[0], weights), True)
        return loss(fused, *own)

    losses = vmap(together)(stack, *given)
    found = torch.autograd.grad(losses.sum(), list(stack.values()), allow_unused=True)
    for at, member in enumerate(members):
        alone = loss(member, *(one[at] for one in given))
        torch.testing.assert_close(losses[at], alone, rtol=within or 1e-12, atol=within or 1e-13)
        mine = {name: one[at] for name, one in zip(stack, found, strict=True) if one is not None}
        if within is None:
            near(mine, gradients(member, alone))
        else:
            torch.testing.assert_close(mine, gradients(member, alone), rtol=within, atol=within)


@pytest.mark.parametrize("name", CRITICS)
def test_penalties_have_each_members_derivatives(name: str) -> None:
    network, shape = CRITICS[name]
    real, fake = torch.rand(2, MEMBERS, 3, *shape, dtype=torch.float64)
    mix = torch.rand(MEMBERS, 3, 1, 1, 1, dtype=torch.float64)
    compared(several(network), critic_loss, real, fake, mix)


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_have_each_members_derivatives(name: str) -> None:
    model, shape = GENERATORS[name]
    z = torch.randn(MEMBERS, 3, 4, dtype=torch.float64)
    weigh = torch.randn(MEMBERS, 3, *shape, dtype=torch.float64)
    members = several(networks(model, shape)["generator"])
    compared(members, lambda network, z, weigh: (network(z) * weigh).sum(), z, weigh)


@INTERPRETED
@pytest.mark.parametrize("name", ["kernel 5, stride 3", "defense_gan of odd sides"])
def test_by_kernels_that_finish_they_have_them_too(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("triton")
    from ganray.train.cohorts.kernels import single
    from ganray.train.cohorts.products import races
    from tests.benchmarks.step_traffic import form_of

    monkeypatch.setattr(stacked, "fastest", form_of(finishing=True))
    monkeypatch.setattr(stacked, "one_output", lambda weight: weight.shape[1] == 1)
    monkeypatch.setattr(races, "quickest", lambda form, *given: getattr(single, form)(*given))
    network, shape = CRITICS[name]
    members = [one.float() for one in several(network)]
    real, fake = torch.rand(2, MEMBERS, 3, *shape)
    mix = torch.rand(MEMBERS, 3, 1, 1, 1)
    compared(members, critic_loss, real, fake, mix, within=1e-3)


def gan(seed: int, **changes: object) -> GanTrainer:
    settings = {"batch": 6, "critic_steps": 2, "ema": 0.9, "kernel": "fused"} | changes
    images = np.random.default_rng(seed).integers(0, 256, (24, 1, 28, 28), dtype=np.uint8)
    spec = WganGp.model_validate(settings)
    return GanTrainer(images, DefenseGan(width=4, latent=8), spec, seed, "cpu")


@pytest.mark.parametrize("changes", [{}, {"precision": "bf16"}], ids=str)
def test_members_go_where_they_go_alone(changes: dict[str, str]) -> None:
    alone, members = ([gan(seed, **changes) for seed in range(3)] for _ in range(2))
    losses = Cohort(members).advance(4)
    near = 2e-2 if changes else 1e-4
    for at, one in enumerate(alone):
        own = torch.stack([one.advance() for _ in range(4)])
        torch.testing.assert_close(losses[:, at], own, rtol=near, atol=near)
        assert apart(one, members[at]) < (0.2 if changes else 1e-3)


def test_steps_leave_nothing_behind() -> None:
    cohort, left = Cohort([gan(0), gan(1)]), []
    for _ in range(2):
        cohort.advance()
        gc.collect()
        left.append(sum(type(one) in (Sums, Pass) for one in gc.get_objects()))
    assert left[0] == left[1]


def test_one_that_comes_to_nothing_leaves_the_others_alone() -> None:
    found = []
    for spoilt in (False, True):
        members = [gan(seed) for seed in range(2)]
        if spoilt:
            with torch.no_grad():
                members[1].networks["critic"].conv2.weight.fill_(float("nan"))
        losses = Cohort(members).advance(2)
        assert bool(losses[:, 1].isnan().all()) == spoilt
        found.append(members[0].tensors())
    assert all(torch.equal(value, found[0][name]) for name, value in found[1].items())
