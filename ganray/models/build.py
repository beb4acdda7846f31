"""Networks with their weights, by a `ModelSpec` and the images' shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from torch import Tensor, nn

from ganray.models.defense_gan import Critic, Generator
from ganray.models.layers import initialise
from ganray.models.spec import ModelSpec, Shape, checked_shape

Network = TypeVar("Network", bound=nn.Module)


def build_generator(spec: ModelSpec, shape: Shape, seed: int | None = None) -> Generator:
    """The generator of `spec` for images of `shape` (channels, height, width).

    With `seed`, its weights are drawn as published; without, they await a state dict.
    """
    generator = Generator(checked_shape(shape), spec.width, spec.latent)
    return _seeded(generator, seed, "generator")


def trained_generator(spec: ModelSpec, shape: Shape, weights: Mapping[str, Tensor]) -> Generator:
    """The generator of `spec` with these weights, on the CPU, ready to be used.

    It is in evaluation mode and its parameters are frozen; gradients with respect to its input
    are there all the same.
    """
    generator = build_generator(spec, shape)
    generator.load_state_dict(weights)
    return generator.eval().requires_grad_(False)


def build_critic(spec: ModelSpec, shape: Shape, seed: int | None = None) -> Critic:
    """The critic of `spec` for images of `shape`; `seed` as in `build_generator`."""
    return _seeded(Critic(checked_shape(shape), spec.width), seed, "critic")


def _seeded(network: Network, seed: int | None, stream: str) -> Network:
    if seed is not None:
        initialise(network, seed, stream)
    return network
