"""A peer's networks, losses and updates beside ours, from equal weights, images and noise.

    python -m tests.benchmarks.twin_updates PEER

PEER is a folder with w86763777/pytorch-gan-collections. Everything is computed in float64, at the
published widths, on random images; what the two sides end with is compared.
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Mapping
from typing import Any
from unittest.mock import MagicMock, patch

import numpy as np
import torch
from torch import Tensor, nn

from ganray.studies.families import families
from ganray.train import GanTrainer
from ganray.train.algorithms.adversarial import Adversarial
from ganray.train.steps import Batch, Noise, Step

ITERATIONS, DECAY, BATCH, RATE = 4, 10, 8, 5e-4
PEERS = {
    "deep_dcgan": ("dcgan", "BCEWithLogits"),
    "wgan_cnn": ("wgangp", "Wasserstein"),
    "wgan_gp_cnn": ("wgangp", "Wasserstein"),
    "sngan": ("sngan", "Hinge"),
}
"""Of each family the peer's file of networks, and its loss."""
ABSENT = ("torchvision", "torchvision.utils", "tensorboardX", "tqdm", "pytorch_gan_metrics", "absl")
"""What the peer's scripts import beside torch, and its penalty makes no use of."""
WEIGHTED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, nn.BatchNorm2d)


class Doubled(GanTrainer):
    """Ours, in float64."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        for network in self.networks.values():
            network.double()

    def _given(self, step: Step, index: int) -> tuple[Batch, Noise]:
        batch, noise = super()._given(step, index)
        doubled = dataclasses.replace(batch, real=batch.real.double())
        return doubled, {name: rows.double() for name, rows in noise.items()}

    def drawn(self, step: Step) -> tuple[Tensor, Noise]:
        """The images and the noise of the next iteration's only step of this kind."""
        batch, noise = self._given(step, self.step)
        return batch.real, noise


class Peer:
    """The peer's two networks and their optimisers, begun with our weights."""

    def __init__(self, name: str, ours: Doubled) -> None:
        file, loss = PEERS[name]
        networks = importlib.import_module(f"source.models.{file}")
        losses = importlib.import_module("source.losses")
        spec = ours.spec
        assert isinstance(spec, Adversarial)
        self.name, self.spec = name, spec
        self.generator = networks.Generator32(ours.model.latents.size).double()
        self.critic = networks.Discriminator32().double()
        self.loss = getattr(losses, loss)()
        self.pairs = [
            *_begun(ours.networks["generator"], self.generator),
            *_begun(ours.networks["critic"], self.critic),
        ]
        self.rules = [
            torch.optim.Adam(network.parameters(), RATE, (spec.beta1, spec.beta2))
            for network in (self.critic, self.generator)
        ]
        self.decays = [
            torch.optim.lr_scheduler.LambdaLR(rule, lambda step: 1 - step / DECAY)
            for rule in self.rules
        ]

    def iteration(self, real: Tensor, noise: Mapping[str, Tensor], latents: Tensor) -> list[float]:
        """Its loop's order: the critic, the generator, the rates. Returns both losses."""
        with torch.no_grad():
            fake = self.generator(noise["latents"])
        critic_loss = self.loss(self.critic(real), self.critic(fake))
        if "mix" in noise:
            critic_loss = critic_loss + 10 * self._penalty(real, fake, noise["mix"])
        self._descend(0, critic_loss)
        if self.name == "wgan_cnn":
            for weight in self.critic.parameters():
                weight.data.clamp_(-0.1, 0.1)
        generator_loss = self.loss(self.critic(self.generator(latents)))
        self._descend(1, generator_loss)
        for decay in self.decays:
            decay.step()
        return [float(critic_loss.detach()), float(generator_loss.detach())]

    def _penalty(self, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
        with patch.dict(sys.modules, {name: MagicMock() for name in ABSENT}):
            script = importlib.import_module("wgangp")
        with patch("torch.rand", return_value=1 - mix):
            found: Tensor = script.cacl_gradient_penalty(self.critic, real, fake)
        return found

    def _descend(self, index: int, loss: Tensor) -> None:
        self.rules[index].zero_grad()
        loss.backward()
        self.rules[index].step()

    def apart(self) -> float:
        """The largest difference of any weight, or of any running mean or variance."""
        far = []
        for one, other in self.pairs:
            far.append((one.weight - _weight(other)).abs().max())
            if isinstance(one, nn.BatchNorm2d):
                far += [(one.running_mean - other.running_mean).abs().max()]
                far += [(one.running_var - other.running_var).abs().max()]
        return float(torch.stack(far).max().detach())


def _weight(layer: Any) -> Tensor:
    weight: Tensor = getattr(layer, "weight_orig", layer.weight)
    return weight


@torch.no_grad()
def _begun(ours: nn.Module, peer: nn.Module) -> list[tuple[Any, Any]]:
    """The peer's layers with our weights, beside ours."""
    sides = [[one for one in network.modules() if isinstance(one, WEIGHTED)]
             for network in (ours, peer)]  # fmt: skip
    pairs: list[tuple[Any, Any]] = list(zip(*sides, strict=True))
    for one, other in pairs:
        _weight(other).copy_(one.weight)
        assert (one.bias is None) == (other.bias is None)
        if one.bias is not None:
            other.bias.copy_(one.bias)
        if hasattr(other, "weight_u"):
            other.weight_u.copy_(one.u)
    return pairs


def main() -> None:
    """Some iterations of each family on both sides."""
    sys.path.insert(0, sys.argv[1])
    torch.set_num_threads(1)
    images = np.random.default_rng(0).integers(0, 256, (40, 3, 32, 32), dtype=np.uint8)
    for name in PEERS:
        one = families()[name]
        changed = {"batch": BATCH, "learning_rate": RATE, "decay_until": DECAY}
        spec = one.train.model_copy(update=changed)
        assert isinstance(spec, Adversarial)
        ours = Doubled(images, one.model, spec, 3, "cpu")
        peer, losses = Peer(name, ours), []
        for _ in range(ITERATIONS):
            critic, generator = spec.steps()
            real, noise = ours.drawn(critic)
            seen = spec.augment.data(real, noise)
            theirs = peer.iteration(seen, noise, ours.drawn(generator)[1]["latents"])
            losses.append(np.abs(np.subtract(theirs, ours.advance().tolist())).max())
        counts = [
            f"{sum(weight.numel() for weight in network.parameters()):,}"
            for network in (*ours.networks.values(), peer.generator, peer.critic)
        ]
        print(
            f"{name}: parameters {counts}; after {ITERATIONS} iterations losses differ by "
            f"{max(losses):.1e}, weights by {peer.apart():.1e}",
            flush=True,
        )


if __name__ == "__main__":
    main()
