"""Kernels and precisions against the plain ones: near, resumable to the bit, 32 bits outside."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.models import Conditional, Dcgan, DefenseGan, FullyConnected, Mixture, Sngan
from ganray.tensors import deserialise, serialise
from ganray.train import GanTrainer, WganGp, run
from ganray.train.algorithms import (
    Dragan,
    FeatureMatching,
    MadGan,
    R3Gan,
    Vanilla,
    Wgan,
    adversarial,
)
from ganray.train.updates.kernels import in_precision
from ganray.train.updates.optimisers import AdamDescent

LABELS = np.arange(24) % 2
IMAGES = np.random.default_rng(4).integers(0, 256, (24, 3, 16, 16), dtype=np.uint8)
CHOICES = [{"kernel": "fused"}, {"precision": "bf16"}, {"kernel": "fused", "precision": "bf16"}]


def trainer(**changes) -> GanTrainer:
    spec = WganGp(**{"batch": 6, "critic_steps": 2, "ema": 0.9} | changes)
    return GanTrainer(IMAGES, DefenseGan(width=4, latent=8), spec, seed=2, device="cpu")


def moved(one: GanTrainer, other: GanTrainer) -> float:
    """How far two trainers' weights are apart, as a share of what training moved them."""
    start = trainer().tensors()
    names = [name for name in start if name.startswith(("critic/", "generator/"))]
    first, second = one.tensors(), other.tensors()
    apart = sum(float((first[n] - second[n]).square().sum()) for n in names)
    way = sum(float((first[n] - start[n]).square().sum()) for n in names)
    return (apart / way) ** 0.5


@pytest.mark.parametrize("changes", CHOICES, ids=str)
def test_it_goes_nearly_where_the_plain_one_goes(changes):
    plain, other = trainer(), trainer(**changes)
    losses = [torch.stack([one.advance() for _ in range(8)]) for one in (plain, other)]
    near = 0.05 if "precision" in changes else 1e-3
    torch.testing.assert_close(losses[1], losses[0], rtol=near, atol=near)
    assert 0 < moved(plain, other) < (0.5 if "precision" in changes else 0.01)
    assert all(loss.dtype == torch.float32 for loss in losses)


@pytest.mark.parametrize("changes", CHOICES, ids=str)
def test_a_resumed_trajectory_is_the_same_to_the_bit(changes):
    whole, begun, resumed = (trainer(**changes) for _ in range(3))
    run(whole, until=5)
    run(begun, until=2)
    resumed.load(2, deserialise(serialise(begun.tensors())))
    run(resumed, until=5)
    mine, theirs = resumed.tensors(), whole.tensors()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], value) for name, value in theirs.items())


def test_weights_moments_and_gradients_have_32_bits_and_one_layout():
    made = trainer(kernel="fused", precision="bf16")
    made.advance()
    weight = made.networks["critic"].conv2.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert not weight.is_contiguous()
    assert weight.grad is not None
    assert (weight.grad.dtype, weight.grad.stride()) == (torch.float32, weight.stride())
    (descent,) = (d for name, d in made._optimizers.items() if name == "critic")
    assert isinstance(descent, AdamDescent)
    assert descent.fused
    for state in descent.state_dict()["state"].values():
        assert all(value.dtype == torch.float32 for value in state.values())


def test_networks_compute_in_16_bits_and_answer_in_32():
    seen = []

    def network(x, *_):
        made = torch.nn.functional.linear(x, torch.eye(4))
        seen.append(made.dtype)
        return made, torch.ones(2, dtype=torch.long)

    spec = WganGp(precision="bf16")
    values, whole = in_precision(spec, {"critic": network}, torch.device("cpu"))["critic"](
        torch.rand(2, 4)
    )
    assert seen == [torch.bfloat16]
    assert (values.dtype, whole.dtype) == (torch.float32, torch.long)
    plain = {"critic": network}
    assert in_precision(WganGp(), plain, torch.device("cpu")) is plain


FAMILIES = {
    "unread": (Dcgan(width=4, latent=8), Vanilla()),
    "rows": (FullyConnected(width=16, latent=8), Wgan(critic_steps=2)),
    "no normalisation": (Dcgan(width=4, latent=8, critic_norm="none"), Dragan()),
    "R1": (DefenseGan(width=4, latent=8), WganGp(penalty="r1", critic_steps=2)),
    "spectral": (Sngan(width=4, latent=8), R3Gan()),
    "told labels": (Conditional(of=DefenseGan(width=4, latent=8)), WganGp()),
    "several": (Mixture(of=DefenseGan(width=4, latent=8), components=2), MadGan()),
    "heads": (Dcgan(width=4, latent=8, critic_norm="none"), FeatureMatching()),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_families_and_algorithms_go_nearly_where_they_go(family):
    model, train = FAMILIES[family]

    def losses(**changes):
        spec = train.model_copy(update={"batch": 6, **changes})
        made = GanTrainer(IMAGES, model, spec, seed=2, device="cpu", labels=LABELS, classes=2)
        return torch.stack([made.advance() for _ in range(2)])

    plain = losses()
    torch.testing.assert_close(losses(kernel="fused"), plain, rtol=1e-3, atol=1e-3)
    if family == "R1":
        lowered = losses(kernel="fused", precision="bf16")
        torch.testing.assert_close(lowered, plain, rtol=0.05, atol=0.05)


def test_a_critic_that_looks_at_each_image_by_itself_judges_all_at_once():
    judged = []
    network = trainer(kernel="fused")._functions["critic"]
    for critic in (network, trainer()._functions["critic"]):

        def seen(images, critic=critic):
            judged.append(len(images))
            return critic(images)

        seen.by_itself = getattr(critic, "by_itself", False)
        real = torch.rand(3, 3, 16, 16)
        torch.testing.assert_close(
            adversarial.judged({"critic": seen}, real, real, joined=False),
            (critic(real), critic(real)),
        )
    assert judged == [6, 3, 3]


def test_only_what_differs_from_the_default_is_in_a_key():
    assert "kernel" not in WganGp().identity()
    assert WganGp(kernel="fused").identity()["kernel"] == "fused"
    assert WganGp(precision="bf16").identity() != WganGp().identity()
