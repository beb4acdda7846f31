"""Every family of networks and every algorithm, small: what tests that go through all of them use.

A family or an algorithm that a test must not leave out has its line here; `test_none_is_left_out`
sees to it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ganray.models import (
    BiGan,
    BigGan,
    Conditional,
    CycleGan,
    Dcgan,
    DeepDcgan,
    DefenseGan,
    FullyConnected,
    InfoGan,
    Mixture,
    ModelSpec,
    ModNet,
    Pix2Pix,
    Progressive,
    ResNet,
    Sngan,
    Vae,
)
from ganray.models.sampler import new_networks
from ganray.models.spec import Shape
from ganray.train import GanTrainer, TrainSpec, algorithms
from ganray.train.algorithms import (
    AcGan,
    Dragan,
    FeatureMatching,
    FGan,
    Hinge,
    Lsgan,
    R3Gan,
    Vanilla,
    Wgan,
    WganGp,
)
from ganray.train.algorithms.f_gan import Divergence
from ganray.train.inputs.augment import Augment
from ganray.train.inputs.draws import drawn
from ganray.train.steps import Batch, Shown, Step, told

SHAPE: Shape = (1, 16, 16)
CLASSES = 3

MODELS: dict[str, ModelSpec] = {
    "defense_gan": DefenseGan(width=2, latent=4),
    "fully_connected": FullyConnected(width=6, latent=4),
    "fully_connected, tanh": FullyConnected(
        width=6, depth=1, latent=4, law="sphere", output="tanh"
    ),
    "dcgan": Dcgan(width=2, latent=4),
    "dcgan, no batch norm": Dcgan(
        width=2, latent=4, generator_norm="layer", critic_norm="instance", halving="average"
    ),
    "dcgan, spectral": Dcgan(width=2, latent=4, critic_norm="spectral", generator_slope=0.2),
    "dcgan, minibatch": Dcgan(width=2, latent=4, critic_norm="none", minibatch=3),
    "deep_dcgan": DeepDcgan(width=2, latent=4),
    "sngan": Sngan(width=2, latent=4),
    "sngan, not spectral": Sngan(width=2, latent=4, spectral=False, norm="none"),
    "resnet": ResNet(width=4, generator_width=4, latent=4),
    "dcgan, conditional": Conditional(of=Dcgan(width=2, latent=4, critic_norm="none")),
    "sngan, projection": Conditional(
        of=Sngan(width=2, latent=4, per_class=True), generator="own", critic="projection"
    ),
    "resnet, both": Conditional(
        of=ResNet(width=4, generator_width=4, latent=4, per_class=True), critic="projection"
    ),
    "dcgan, acgan": Conditional(
        of=Dcgan(width=2, latent=4, generator_norm="layer", critic_norm="instance"), critic="none"
    ),
    "info_gan": InfoGan(width=2, units=6, latent=3, categories=3, continuous=1),
    "big_gan": BigGan(width=8, part=2, parts=3, embedding=3),
    "bigan": BiGan(of=Dcgan(width=2, latent=4), units=6),
    "ali": BiGan(
        of=Dcgan(width=2, latent=4, generator_norm="layer", critic_norm="instance"),
        encoder="gaussian",
        units=6,
    ),
    "vae": Vae(of=FullyConnected(width=6), latent=4),
    "mixture": Mixture(
        of=Dcgan(width=2, latent=4, generator_norm="layer", critic_norm="instance"), components=3
    ),
    "mixture, of both": Mixture(
        of=FullyConnected(width=5, latent=3), components=2, own="all", critics="each"
    ),
    "mixture, by class": Mixture(
        of=FullyConnected(width=5, latent=3), own="last", critics="each", by="class"
    ),
    "progressive": Progressive(width=4, latent=4, phase=2),
    "cycle_gan": CycleGan(width=2, blocks=2, critic_width=2, critic_halvings=2),
    "cycle_gan, fused": CycleGan(
        width=2, blocks=2, critic_width=2, critic_halvings=2, shared=True, norm="layer"
    ),
    "cycle_gan, u_net": CycleGan(
        width=2, network="u_net", depth=2, critic_width=2, critic_halvings=1
    ),
    "pix2pix": Pix2Pix(width=2, depth=3, critic_width=2, critic_halvings=2),
    "pix2pix, residual": Pix2Pix(
        width=2, network="residual", blocks=1, norm="instance", critic_width=2, critic_halvings=1
    ),
    "modnet": ModNet(width=2, depth=2, critic_width=2),
    "modnet, joint": ModNet(width=2, depth=1, critic_width=2, classifier="none", bound="tanh"),
    "modnet, frozen": ModNet(width=2, depth=2, critic_width=2, classifier="frozen", norm="layer"),
    "resnet, attention": ResNet(
        width=8, generator_width=8, latent=4, attention=True, spectral="both", norm="layer"
    ),
}

_DIVERGENCES: tuple[Divergence, ...] = ("kl", "reverse_kl", "pearson", "neyman", "hellinger")
TRAININGS: dict[str, TrainSpec] = {
    "wgan_gp": WganGp(batch=4, critic_steps=2),
    "wgan_gp, as published": WganGp(batch=4, critic_steps=1, penalty="as_published"),
    "vanilla": Vanilla(batch=4),
    "vanilla, saturating": Vanilla(batch=4, game="saturating"),
    "vanilla, by every rule of thumb": Vanilla(
        batch=4,
        generator_steps=2,
        generator_batches=2,
        critic_learning_rate=4e-4,
        decay_from=1,
        decay_until=5,
        real_target=(0.7, 1.2),
        fake_target=(0.0, 0.3),
        swapped=0.1,
        joined=True,
        diversity=0.1,
        augment=Augment(flips=True, colours=True, translation=0.2, cutout=0.3, noise=0.1),
    ),
    "wgan": Wgan(batch=4, critic_steps=2),
    "wgan, as published": Wgan(
        batch=4, critic_steps=1, rule="adam", critic="as_published", learning_rate=2e-4
    ),
    "dragan": Dragan(batch=4),
    "lsgan": Lsgan(batch=4),
    "hinge": Hinge(batch=4),
    **{f"f_gan, {name}": FGan(batch=4, divergence=name) for name in _DIVERGENCES},
    "f_gan, total_variation": FGan(batch=4, divergence="total_variation", trick=False),
    "f_gan": FGan(batch=4),
    "f_gan, gan": FGan(batch=4, divergence="gan"),
    "r3gan": R3Gan(batch=4),
    "feature_matching": FeatureMatching(batch=4),
    "acgan": AcGan(batch=4),
    "info_gan": algorithms.InfoGan(batch=4),
    "bigan": algorithms.BiGan(batch=4),
    "semi_supervised": algorithms.SemiSupervised(batch=4, known=2),
    "semi_supervised, fooling": algorithms.SemiSupervised(batch=4, known=2, generator="fooling"),
    "mgan": algorithms.Mgan(batch=4, apart=0.5),
    "mad_gan": algorithms.MadGan(batch=4),
    "mix_gan": algorithms.MixGan(batch=4, entropy=0.1),
    "hinge, tied": Hinge(batch=4, tie=0.1),
    "vae": algorithms.Vae(batch=4),
    "vae, bernoulli": algorithms.Vae(batch=4, likelihood="bernoulli", beta=2),
    "cycle_gan": algorithms.CycleGan(batch=4, pool=6),
    "cycle_gan, identity": algorithms.CycleGan(
        batch=4, pool=0, identity_weight=5, decay_from=1, decay_until=5
    ),
    "pix2pix": algorithms.Pix2Pix(batch=4),
    "modnet": algorithms.ModNet(batch=4),
    "modnet, joint": algorithms.ModNet(batch=4, joint=True, generator_steps=1),
    "modnet, frozen": algorithms.ModNet(batch=4, change_weight=0.01),
    "wgan_gp, mirrored": WganGp(
        batch=4, critic_steps=1, augment=Augment(flips=True, dequantised=1 / 128)
    ),
}

_PARTNERS = {
    "acgan": "dcgan, acgan",
    "bigan": "ali",
    "cycle_gan, identity": "cycle_gan, fused",
    "cycle_gan": "cycle_gan",
    "pix2pix": "pix2pix, residual",
    "hinge, tied": "mixture, by class",
    "info_gan": "info_gan",
    "mad_gan": "mixture",
    "mgan": "mixture",
    "modnet": "modnet",
    "modnet, frozen": "modnet, frozen",
    "modnet, joint": "modnet, joint",
    "mix_gan": "mixture, of both",
    "vae": "vae",
}
"""Networks for algorithms that need some of their own."""


def partner(training: str) -> ModelSpec:
    """Networks that the algorithm trains."""
    name = training if training in _PARTNERS else training.partition(",")[0]
    return MODELS[_PARTNERS.get(name, "dcgan, no batch norm")]


def images(count: int, seed: int = 0, shape: Shape = SHAPE) -> np.ndarray:
    """Training images without meaning."""
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def classes_for(model: ModelSpec) -> int:
    """How many kinds of images it is trained on: of two domains, where it translates."""
    return 2 if model.translates else CLASSES


def labels(count: int, classes: int = CLASSES) -> np.ndarray:
    """A class for each, all of them among the first."""
    return np.arange(count) % classes


def trainer(model: ModelSpec, train: TrainSpec, seed: int = 0, count: int = 12) -> GanTrainer:
    """Of random images."""
    classes = classes_for(model)
    known = labels(count, classes)
    return GanTrainer(images(count), model, train, seed, "cpu", known, classes, {})


class Game:
    """One step of an algorithm on some networks: its loss as a function of their parameters."""

    def __init__(self, model: ModelSpec, train: TrainSpec, step: Step, seed: int, index: int = 0):
        self.model, self.step, self.index = model, step, index
        classes = classes_for(model)
        heads = train.heads(model, classes)
        self.networks = new_networks(model, SHAPE, seed, classes, heads)
        for network in self.networks.values():
            network.double()
        rows = train.batch * step.rows
        self.noise = {
            name: torch.from_numpy(drawn(draw, model, SHAPE, seed, 0, rows))
            for name, draw in step.noise.items()
        }
        shown = torch.from_numpy(images(train.batch, seed)).double() / 255
        self.real = model.pixels(shown) if step.real else shown[:0]
        self.labels = torch.from_numpy(labels(rows, classes))
        known = [*train.shown(labels(train.batch, classes), seed)] if step.looks else []
        self.more = {name: self._further(name) for name in known}
        if step.replay is not None:  # whatever was generated long ago
            batch = Batch(index, self.real, self.labels, self.more)
            made = step.replay.made(self.networks, batch, self.noise)
            self.more |= {name: self._further(name) for name in made}

    def _further(self, name: str) -> Shown:
        seed, count = sum(map(ord, name)), len(self.labels) // self.step.rows
        pixels = torch.from_numpy(images(count, seed)).double() / 255
        return Shown(self.model.pixels(pixels), self.labels[:count].flip(0))

    @property
    def state(self) -> dict[str, dict[str, Tensor]]:
        """Parameters and buffers of each network, copied."""
        return {
            role: {name: value.clone() for name, value in network.state_dict().items()}
            for role, network in self.networks.items()
        }

    def loss(
        self,
        state: dict[str, dict[str, Tensor]],
        real: Tensor,
        noise: dict[str, Tensor],
    ) -> Tensor:
        """With the networks bound to `state`."""

        def bound(role: str):
            network, own = self.networks[role], state[role]
            return lambda *a, **k: torch.func.functional_call(network, own, a, k)

        networks = told(self.model, {role: bound(role) for role in self.networks}, self.labels)
        return self.step.loss(networks, Batch(self.index, real, self.labels, self.more), noise)


def games(train: TrainSpec, model: ModelSpec, seed: int = 0) -> list[Game]:
    """One for each step."""
    return [Game(model, train, step, seed) for step in train.steps()]
