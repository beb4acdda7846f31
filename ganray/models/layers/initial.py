"""First weights of networks, drawn by index: each tensor from a stream of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float64
from numpy import ndarray
from torch import nn

from ganray.randomness import normals, uniforms

Weighted = nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.Embedding
Deviation = Callable[[nn.Module], float]
"""σ of a layer's weights."""


class Spread(NamedTuple):
    """A law of mean 0: rows of a stream (seed, stream, start, count, width), and what makes their
    deviation 1."""

    rows: Callable[[int, str, int, int, int], Float64[ndarray, "count width"]]
    factor: float


def _evenly(seed: int, stream: str, start: int, count: int, width: int) -> ndarray:
    return 2 * uniforms(seed, stream, start, count, width) - 1


UNIFORM = Spread(_evenly, math.sqrt(3))
NORMAL = Spread(normals, 1.0)


@runtime_checkable
class DrawsItself(Protocol):
    """A layer with tensors that begin in a way of their own."""

    def draw(self, seed: int, stream: str) -> None:
        """Let them begin."""


def glorot_strided(layer: nn.Module) -> float:
    """Defense-GAN's σ: √(2/(fan_in+fan_out)) for linear layers, √(4/(fan_in+fan_out)) for
    convolutions, where the fan on the strided side is divided by stride² (a convolution's outputs,
    a deconvolution's inputs).
    """
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        area = math.prod(layer.kernel_size)
        strided = area / math.prod(layer.stride)
        if isinstance(layer, nn.ConvTranspose2d):
            return math.sqrt(4 / (layer.in_channels * strided + layer.out_channels * area))
        return math.sqrt(4 / (layer.in_channels * area + layer.out_channels * strided))
    return glorot(layer)


def glorot(layer: nn.Module) -> float:
    """σ = √(2/(fan_in+fan_out)) (Glorot and Bengio, AISTATS 2010, eq. 16)."""
    return math.sqrt(2 / sum(fans(layer)))


def fans(layer: nn.Module) -> tuple[int, int]:
    """Numbers that one output is made of, and outputs that one number goes into."""
    if isinstance(layer, nn.Linear):
        return layer.in_features, layer.out_features
    if isinstance(layer, nn.Embedding):
        return layer.num_embeddings, layer.embedding_dim
    assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    area = math.prod(layer.kernel_size)
    return layer.in_channels * area, layer.out_channels * area


@torch.no_grad()
def initialise(
    module: nn.Module,
    seed: int,
    stream: str,
    deviation: Deviation = glorot_strided,
    spread: Spread = UNIFORM,
    scales: float = 0.0,
) -> None:
    """Draw all weights; by default as Defense-GAN begins. Biases are 0.

    Args:
        scales: the deviation of normalisations' scales, whose mean is 1.
    """
    for name, layer in module.named_modules():
        own = f"{stream}/{name}"
        weight, bias = getattr(layer, "weight", None), getattr(layer, "bias", None)
        if isinstance(layer, Weighted):
            width = spread.factor * deviation(layer)
            rows = spread.rows(seed, own, 0, layer.weight.shape[0], layer.weight[0].numel())
            values = torch.from_numpy(rows * width).reshape(layer.weight.shape)
            layer.weight.copy_(values.to(layer.weight.dtype))
        elif isinstance(weight, nn.Parameter) and not isinstance(layer, DrawsItself):
            # a normalisation's scales
            rows = normals(seed, own, 0, weight.numel(), 1)
            weight.copy_(torch.from_numpy(1 + scales * rows[:, 0]))
        if isinstance(bias, nn.Parameter):
            bias.zero_()
        if isinstance(layer, DrawsItself):
            layer.draw(seed, own)


def initialise_normal(
    module: nn.Module, seed: int, stream: str, deviation: float = 0.02, scales: float = 0.0
) -> None:
    """Weights ~ N(0, `deviation`²) in all layers alike (DCGAN, arXiv 1511.06434, section 4)."""
    initialise(module, seed, stream, lambda _: deviation, NORMAL, scales)
