"""How much memory networks and their training take, counted on tensors without data.

What is counted are weights, gradients, an optimiser's moments, moving averages, and what the losses
of the algorithm itself hold on the way, with the copies that convolutions make of what they read
and write, and a fourth more. What a process takes that does nothing yet is not in it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch.nn import functional

from ganray.models import ModelSpec
from ganray.models.encoders import Encoder
from ganray.models.encoders.networks.own import new_classifier
from ganray.models.sampler import Sampler, new_networks
from ganray.models.spec import Shape
from ganray.train.costs.alike import plain
from ganray.train.costs.flops import one_loss
from ganray.train.costs.held import peak_of
from ganray.train.spec import EncoderSpec, TrainSpec
from ganray.train.state import freeze_first, hold_all_but, moving_average, trainable
from ganray.train.updates.optimisers import AdamDescent

SPARE = 1.25
"""Of what tensors hold where gradients are taken: what allocators keep between them, as
measured."""

COPIES = 2
"""In a cohort: images lie once more as all members', and products that are laid out as matrices
hold about what the losses hold."""


def _taken(work: Callable[[], object]) -> int:
    return round(SPARE * peak_of(work))


def gan_memory(shape: Shape, model: ModelSpec, train: TrainSpec, classes: int = 1) -> int:
    """Bytes of one GAN in training beside its images, when its networks are as large as they
    become."""
    return _gan_memory(shape, model, *plain(model, train, classes))


@lru_cache
def _gan_memory(shape: Shape, model: ModelSpec, train: TrainSpec, classes: int) -> int:
    return _taken(lambda: _trained(shape, model, train, classes))


def _trained(shape: Shape, model: ModelSpec, train: TrainSpec, classes: int) -> Any:
    networks = new_networks(model, shape, None, classes, train.heads(model, classes))
    freeze_first(networks, train.frozen)
    weights = trainable(networks)
    drawn = Sampler(model, shape, networks, (1,) * classes)
    average = moving_average(drawn, train.ema) if train.ema else None
    # Each network has moments from its first step on, and as many bytes of gradients.
    optimisers = [
        step.optimiser.made([weight for role in step.moves for weight in weights[role]])
        for step in train.steps()
    ]
    for _ in range(2):
        for step, optimiser in zip(train.steps(), optimisers, strict=True):
            for index in step.kinds:
                hold_all_but(step.moves, weights)
                optimiser.zero_grad(set_to_none=True)
                one_loss(step, index, networks, shape, model, train).backward()
                optimiser.step()
    return average


@lru_cache
def encoder_memory(shape: Shape, classes: int, spec: EncoderSpec) -> int:
    """Bytes of the data set's own classifier in training beside its images."""

    def trained() -> None:
        network = new_classifier(spec.network, shape, classes)
        adam = AdamDescent(network.parameters())
        labels = torch.empty(spec.batch, dtype=torch.long)
        for _ in range(2):
            logits = network.features_and_logits(torch.empty(spec.batch, *shape))[1]
            loss = functional.cross_entropy(logits, labels)
            adam.zero_grad(set_to_none=True)
            loss.backward()
            adam.step()

    return _taken(trained)


@lru_cache
def embedding_memory(encoder: Encoder, shape: Shape, classes: int, count: int) -> int:
    """Bytes of a network that embeds so many images at once, with these as it takes them."""

    def embedded() -> None:
        network = encoder.network(shape, classes)
        with torch.inference_mode():
            network(torch.empty(count, *shape))

    return peak_of(embedded)


@lru_cache
def classifier_memory(network: str, shape: Shape, classes: int, count: int) -> int:
    """Bytes of a gradient of so many images, through the data set's own classifier."""

    def ascended() -> None:
        classifier = new_classifier(network, shape, classes).eval().requires_grad_(False)
        images = torch.empty(count, *shape, requires_grad=True)
        logits = classifier.features_and_logits(images)[1]
        torch.autograd.grad(logits.sum(), images)

    return _taken(ascended)


@lru_cache
def sampling_memory(
    shape: Shape, model: ModelSpec, classes: int, count: int, descends: bool = False
) -> int:
    """Bytes of drawing so many images at once.

    Args:
        descends: whether gradients are taken with respect to their latent vectors.
    """

    def drawn() -> None:
        networks = new_networks(model, shape, classes=classes)
        sampler = Sampler(model, shape, networks, (1,) * classes).eval().requires_grad_(False)
        noise = torch.empty(count, sampler.law.size, requires_grad=descends)
        if descends:
            torch.autograd.grad(sampler(noise).square().sum(), noise)
        else:
            with torch.inference_mode():
                sampler(noise)

    return _taken(drawn)
