"""Operations and sizes of networks and of their training, counted on tensors without data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from ganray.models import ModelSpec
from ganray.models.encoders import Encoder
from ganray.models.encoders.networks.own import new_classifier
from ganray.models.sampler import Sampler, new_networks
from ganray.models.spec import Shape
from ganray.train.draws import drawn
from ganray.train.spec import EncoderSpec, TrainSpec
from ganray.train.state import freeze_first, hold_all_but, trainable
from ganray.train.steps import Batch, Shown, Step, told


def training_flops(
    shape: Shape, model: ModelSpec, train: TrainSpec, classes: int, until: int
) -> int:
    """Of the first `until` iterations, which need not all cost the same."""
    return sum(
        count * gan_flops(shape, model, train, classes, iteration)
        for iteration, count in model.alike(until)
    )


@lru_cache
def gan_flops(
    shape: Shape,
    model: ModelSpec,
    train: TrainSpec,
    classes: int = 1,
    iteration: int | None = None,
) -> int:
    """Multiplications and additions of one iteration, convolutions and matrix products alone.

    The algorithm's own losses are run; those of batches that differ count at their shares.

    Args:
        classes: of the training images.
        iteration: which one; none: one when the networks are as large as they become.
    """
    with torch.device("meta"):
        networks = new_networks(model, shape, None, classes, train.heads(model, classes))
        if iteration is not None:
            model.prepare(networks, iteration)
        freeze_first(networks, train.frozen)
        made = networks, trainable(networks)
        return round(
            sum(
                step.times * share * _step_flops(step, index, *made, shape, model, train)
                for step in train.steps()
                for index, share in step.kinds.items()
            )
        )


def _step_flops(
    step: Step,
    index: int,
    networks: dict[str, nn.Module],
    weights: dict[str, list[nn.Parameter]],
    shape: Shape,
    model: ModelSpec,
    train: TrainSpec,
) -> int:
    """Of one move on batch number `index`."""
    hold_all_but(step.moves, weights)
    functions = {role: _copying(network) for role, network in networks.items()}
    with _counter() as counter:
        one_loss(step, index, functions, shape, model, train).backward()
    return int(counter.get_total_flops())


def one_loss(
    step: Step,
    index: int,
    functions: Mapping[str, Callable[..., Any]],
    shape: Shape,
    model: ModelSpec,
    train: TrainSpec,
) -> Float[Tensor, ""]:
    """A step's loss of batch number `index`, on tensors without data as networks on `meta` take
    them, with which it is called."""
    batch, names = train.batch, train.shown(np.zeros(1, np.int64), 0)
    noise = {
        name: torch.empty(batch * step.rows, *drawn(draw, model, shape, 0, 0, 1).shape[1:])
        for name, draw in step.noise.items()
    }
    real = torch.empty(batch if step.real else 0, *shape)
    labels = torch.empty(batch * step.rows, dtype=torch.long)
    networks_told = told(model, functions, labels)
    seen = Shown(torch.empty(batch, *shape), labels[:batch])
    more = {name: seen for name in names if step.looks}
    shown = Batch(index, real, labels, more)
    if step.replay is not None:
        with torch.no_grad():
            made = step.replay.made(networks_told, shown, noise)
        more |= {name: Shown(images, labels[:0]) for name, images in made.items()}
    return step.loss(networks_told, shown, noise)


def _copying(network: nn.Module) -> Callable[..., Any]:
    """The network on copies: the counter's hooks refuse leaf tensors under `autograd.grad`."""

    def copied(value: object) -> object:
        return value.clone() if isinstance(value, Tensor) else value

    def called(*inputs: object, **named: object) -> object:
        return network(*map(copied, inputs), **{n: copied(v) for n, v in named.items()})

    return called


@lru_cache
def sampling_flops(shape: Shape, model: ModelSpec, classes: int = 1) -> float:
    """Operations of drawing one image."""
    with torch.device("meta"):
        networks = new_networks(model, shape, classes=classes)
        sampler = Sampler(model, shape, networks, (1,) * classes).eval()
        noise = torch.empty(1, sampler.law.size)
    with _counter() as counter, torch.no_grad():
        sampler(noise)
    return float(counter.get_total_flops())


@lru_cache
def gan_parameters(
    shape: Shape, model: ModelSpec, train: TrainSpec | None = None, classes: int = 1
) -> dict[str, int]:
    """How many weights each network of a GAN has, by its role.

    Args:
        train: whose heads count too.
    """
    with torch.device("meta"):
        heads = train.heads(model, classes) if train else None
        networks = new_networks(model, shape, None, classes, heads)
    return {role: sum(p.numel() for p in one.parameters()) for role, one in networks.items()}


class EmbeddingSize(NamedTuple):
    """What a network makes of one image, and with how many operations."""

    flops: float
    dimensions: int
    classes: int


@lru_cache
def embedding_size(encoder: Encoder, shape: Shape, classes: int) -> EmbeddingSize:
    """Of such images of a data set of so many classes."""
    with torch.device("meta"):
        embedder, image = encoder.network(shape, classes), torch.empty(1, *shape)
    with _counter() as counter, torch.no_grad():
        embedder(image)
    flops = float(counter.get_total_flops())
    return EmbeddingSize(flops, embedder.dimensions, embedder.classes)


@lru_cache
def encoder_parameters(shape: Shape, classes: int, spec: EncoderSpec) -> int:
    """How many weights the data set's own classifier has."""
    with torch.device("meta"):
        encoder = new_classifier(spec.network, shape, classes)
    return sum(parameter.numel() for parameter in encoder.parameters())


@lru_cache
def encoder_flops(shape: Shape, classes: int, spec: EncoderSpec) -> int:
    """Operations of one training step of the data set's own classifier."""
    with torch.device("meta"):
        encoder = new_classifier(spec.network, shape, classes)
        images = torch.empty(spec.batch, *shape)
        labels = torch.empty(spec.batch, dtype=torch.long)
    with _counter() as counter:
        functional.cross_entropy(encoder.features_and_logits(images)[1], labels).backward()
    return int(counter.get_total_flops())


@lru_cache
def classifier_flops(network: str, shape: Shape, classes: int) -> float:
    """Operations of classifying one image by the data set's own classifier of that form."""
    with torch.device("meta"):
        classifier, image = new_classifier(network, shape, classes).eval(), torch.empty(1, *shape)
    with _counter() as counter, torch.no_grad():
        classifier.features_and_logits(image)
    return float(counter.get_total_flops())


def _counter() -> FlopCounterMode:
    return FlopCounterMode(display=False)
