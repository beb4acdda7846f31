"""Operations and sizes of networks and of their training, counted on tensors without data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import flop_registry

from ganray.models import ModelSpec
from ganray.models.encoders import Encoder
from ganray.models.encoders.networks.own import new_classifier
from ganray.models.sampler import Sampler, new_networks
from ganray.models.spec import Shape
from ganray.train.costs.alike import plain
from ganray.train.costs.counting import Watching, without_data
from ganray.train.inputs.draws import drawn
from ganray.train.spec import EncoderSpec, TrainSpec
from ganray.train.state import freeze_first, hold_all_but, trainable
from ganray.train.steps import Batch, Shown, Step, told


def training_flops(
    shape: Shape, model: ModelSpec, train: TrainSpec, classes: int, until: int
) -> int:
    """Of the first `until` iterations, which need not all cost the same."""
    found, begun = 0, 0
    for iteration, count in model.alike(until):
        inner = (pace for pace in train.paces if begun < pace < begun + count)
        for first, end in pairwise((begun, *inner, begun + count)):
            here = train.scheduled(first)
            found += (end - first) * gan_flops(shape, model, here, classes, iteration)
        begun += count
    return found


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
    if type(model).prepare is ModelSpec.prepare:
        iteration = None  # one is as the other
    return _gan_flops(shape, model, *plain(model, train, classes), iteration)


@lru_cache
def _gan_flops(
    shape: Shape, model: ModelSpec, train: TrainSpec, classes: int, iteration: int | None
) -> int:
    with without_data():
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
    with without_data(), Counted() as counter:
        one_loss(step, index, networks, shape, model, train).backward()
    return counter.flops


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


@lru_cache
def sampling_flops(shape: Shape, model: ModelSpec, classes: int = 1) -> float:
    """Operations of drawing one image."""
    with without_data():
        networks = new_networks(model, shape, classes=classes)
        sampler = Sampler(model, shape, networks, (1,) * classes).eval()
        noise = torch.empty(1, sampler.law.size)
    with without_data(), Counted() as counter, torch.no_grad():
        sampler(noise)
    return float(counter.flops)


@lru_cache
def gan_parameters(
    shape: Shape, model: ModelSpec, train: TrainSpec | None = None, classes: int = 1
) -> dict[str, int]:
    """How many weights each network of a GAN has, by its role.

    Args:
        train: whose heads count too.
    """
    with without_data():
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
    with without_data():
        embedder, image = encoder.network(shape, classes), torch.empty(1, *shape)
    with without_data(), Counted() as counter, torch.no_grad():
        embedder(image)
    flops = float(counter.flops)
    return EmbeddingSize(flops, embedder.dimensions, embedder.classes)


@lru_cache
def encoder_parameters(shape: Shape, classes: int, spec: EncoderSpec) -> int:
    """How many weights the data set's own classifier has."""
    with without_data():
        encoder = new_classifier(spec.network, shape, classes)
    return sum(parameter.numel() for parameter in encoder.parameters())


@lru_cache
def encoder_flops(shape: Shape, classes: int, spec: EncoderSpec) -> int:
    """Operations of one training step of the data set's own classifier."""
    with without_data():
        encoder = new_classifier(spec.network, shape, classes)
        images = torch.empty(spec.batch, *shape)
        labels = torch.empty(spec.batch, dtype=torch.long)
    with without_data(), Counted() as counter:
        functional.cross_entropy(encoder.features_and_logits(images)[1], labels).backward()
    return counter.flops


@lru_cache
def classifier_flops(network: str, shape: Shape, classes: int) -> float:
    """Operations of classifying one image by the data set's own classifier of that form."""
    with without_data():
        classifier, image = new_classifier(network, shape, classes).eval(), torch.empty(1, *shape)
    with without_data(), Counted() as counter, torch.no_grad():
        classifier.features_and_logits(image)
    return float(counter.flops)


class Counted(Watching):
    """Counts operations by torch's own formulas, while it is in force.

    Attributes:
        flops: multiplications and additions of matrix products and convolutions so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flops = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do it, and count it."""
        told = kwargs or {}
        if func._overloadpacket not in flop_registry:
            with self:  # in inference it comes whole, and what it consists of is known
                parts = func.decompose(*args, **told)
            if parts is not NotImplemented:
                return parts
        made = func(*args, **told)
        if formula := flop_registry.get(func._overloadpacket):
            self.flops += formula(*args, **told, out_val=made)
        return made
