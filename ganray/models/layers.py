"""Layers with TensorFlow's SAME padding, and initial weights drawn by index."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ganray.randomness import uniforms


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME padding of one axis: (before, after), the odd pixel after."""
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class SameConv2d(nn.Conv2d):
    """Convolution with SAME padding: the output has ⌈size / stride⌉ rows and columns."""

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k p q"]:
        """Convolve; symmetric padding goes straight into the kernel, without a padded copy."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        top, bottom = same_padding(images.shape[2], kernel, stride)
        left, right = same_padding(images.shape[3], kernel, stride)
        padding = (top, left)
        if (top, left) != (bottom, right):
            images, padding = functional.pad(images, (left, right, top, bottom)), (0, 0)
        return functional.conv2d(images, self.weight, self.bias, self.stride, padding)


class SameDeconv2d(nn.ConvTranspose2d):
    """Transposed 5×5 convolution of stride 2 with SAME padding, cropped to `size`.

    The uncropped output has twice the input's rows and columns; a smaller `size` keeps the first.
    """

    def __init__(self, inputs: int, outputs: int, size: tuple[int, int]) -> None:
        super().__init__(inputs, outputs, kernel_size=5, stride=2, padding=1)
        self.size = size

    def forward(  # type: ignore[override]
        self, maps: Float[Tensor, "n c h w"]
    ) -> Float[Tensor, "n k p q"]:
        """Upsample; padding 1 leaves a row and a column too many, at the end, where SAME drops."""
        height, width = self.size
        return super().forward(maps)[:, :, :height, :width]


class LeakyReLU(nn.Module):
    """`leaky_relu` as a layer."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """x where it is positive, else slope·x."""
        return leaky_relu(values, self.slope)


def chain(**layers: nn.Module) -> nn.Sequential:
    """A network whose layers follow one another, each under its name."""
    return nn.Sequential(OrderedDict(layers))


def leaky_relu(values: Float[Tensor, "..."], slope: float) -> Float[Tensor, "..."]:
    """x where it is positive, else slope·x: torch's own to the last bit, but cheaper to
    differentiate twice.

    Its slope changes at 0 alone, so that its second derivative is 0 wherever there is one.

    Args:
        slope: above 0, as the output's sign must tell the input's.
    """
    return _LeakyReLU.apply(values, slope)


class _LeakyReLU(torch.autograd.Function):
    """Torch's own sends that zero, a tensor like any other, through all layers below once more
    when a gradient penalty is differentiated; here there is nothing to send."""

    @staticmethod
    def forward(context: Any, values: Tensor, slope: float) -> Tensor:
        output = functional.leaky_relu(values, slope)
        context.save_for_backward(output)  # its signs are the input's
        context.slope = slope
        context.set_materialize_grads(False)
        return output

    @staticmethod
    def backward(context: Any, gradient: Tensor | None) -> tuple[Tensor | None, None]:
        if gradient is None:
            return None, None
        (output,) = context.saved_tensors
        constant = output.detach()
        return torch.ops.aten.leaky_relu_backward(gradient, constant, context.slope, True), None


@torch.no_grad()
def initialise(module: nn.Module, seed: int, stream: str) -> None:
    """Defense-GAN's initial weights: uniform on ±√3·σ, zero biases, each tensor its own stream.

    σ is √(2/(fan_in+fan_out)) for linear layers and √(4/(fan_in+fan_out)) for convolutions, where
    the fan on the strided side is divided by stride² (a convolution's outputs, a deconvolution's
    inputs).
    """
    for name, layer in module.named_modules():
        if not isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            continue
        weight = layer.weight
        bound = math.sqrt(3) * _deviation(layer)
        draws = uniforms(seed, f"{stream}/{name}", 0, weight.shape[0], weight[0].numel())
        values = torch.from_numpy((2 * draws - 1) * bound).reshape(weight.shape)
        weight.copy_(values.to(weight.dtype))
        if layer.bias is not None:
            layer.bias.zero_()


def _deviation(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> float:
    if isinstance(layer, nn.Linear):
        return math.sqrt(2 / (layer.in_features + layer.out_features))
    area = math.prod(layer.kernel_size)
    strided = area / math.prod(layer.stride)
    if isinstance(layer, nn.ConvTranspose2d):
        return math.sqrt(4 / (layer.in_channels * strided + layer.out_channels * area))
    return math.sqrt(4 / (layer.in_channels * area + layer.out_channels * strided))
