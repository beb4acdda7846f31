"""Layers that several families are made of; those with TensorFlow's SAME padding among them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional


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


class Chain(nn.Sequential):
    """Layers that follow one another, each under its name; labels go to those that take them."""

    def __init__(self, layers: Mapping[str, nn.Module]) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.labelled = any(takes_labels(layer) for layer in layers.values())

    def forward(
        self, values: Float[Tensor, "n ..."], labels: Int64[Tensor, "n"] | None = None
    ) -> Float[Tensor, "n ..."]:
        """What the last layer makes of what the others made."""
        for layer in self:
            values = layer(values, labels) if takes_labels(layer) else layer(values)
        return values


def chain(**layers: nn.Module) -> Chain:
    """A network whose layers follow one another, each under its name."""
    return Chain(layers)


def takes_labels(layer: nn.Module) -> bool:
    """Whether a layer is told the images' classes."""
    return bool(getattr(layer, "labelled", False))


class Critic(nn.Module):
    """A network from images to one value each, which can also tell what it saw on the way.

    Args:
        layers: the last gives the value; what those before it give, flattened, are the features.
    """

    def __init__(self, **layers: nn.Module) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        *self._body, self._value = layers

    @property
    def body(self) -> dict[str, nn.Module]:
        """The layers that its features come of."""
        return {name: self.get_submodule(name) for name in self._body}

    def add_heads(self, heads: Mapping[str, int], shape: tuple[int, int, int]) -> None:
        """Let it give so many more numbers under each name, each linear in the features.

        Args:
            shape: of the images that it is for.
        """
        size = self.features(shape)
        for name, outputs in heads.items():
            self.add_module(f"{name}_head", nn.Linear(size, outputs))

    @torch.no_grad()
    def features(self, shape: tuple[int, int, int]) -> int:
        """How many features it has of an image of `shape`."""
        (features,) = self.eval()(torch.empty(1, *shape), "features")
        self.train()
        return int(features.shape[1])

    def forward(
        self, images: Float[Tensor, "n c h w"], *wanted: str
    ) -> Float[Tensor, "n"] | tuple[Tensor, ...]:
        """The values; or of all that is `wanted`, in this order, a tuple: "value", "features", or
        the name of a head."""
        made = self.bodied(images)
        if not wanted:
            return self._named("value", made)
        return tuple(self._named(name, made) for name in wanted)

    def bodied(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n ..."]:
        """What the layers before the last one give."""
        for name in self._body:
            images = self.get_submodule(name)(images)
        return images

    def _named(self, name: str, body: Float[Tensor, "n ..."]) -> Float[Tensor, "..."]:
        if name == "spread":  # of a single network, as `rivals` has it of several
            return body.new_zeros(())
        if name == "value":
            value: Tensor = self.get_submodule(self._value)(body)
            return value.flatten()
        features = body.flatten(1)
        if name == "features":
            return features
        made: Tensor = self.get_submodule(f"{name}_head")(features)
        return made


class MinibatchDiscrimination(nn.Module):
    """Beside each image's features, how near it is to the rest of its batch (Salimans et al., arXiv
    1606.03498, section 3.2): for each of `kernels` projections M to `dimensions` numbers,
    Σ_j≠i exp(−|M(x_i) − M(x_j)|₁)."""

    def __init__(self, features: int, kernels: int, dimensions: int = 5) -> None:
        super().__init__()
        self.kernels, self.dimensions = kernels, dimensions
        self.project = nn.Linear(features, kernels * dimensions, bias=False)

    def forward(self, features: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """The features, and the kernels' sums behind them."""
        seen = self.project(features).unflatten(1, (self.kernels, self.dimensions))
        far = (seen[:, None] - seen[None]).abs().sum(dim=3)  # image × image × kernel
        return torch.cat([features, (-far).exp().sum(dim=1) - 1], dim=1)


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

    generate_vmap_rule = True

    @staticmethod
    def forward(values: Tensor, slope: float) -> Tensor:
        return functional.leaky_relu(values, slope)

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor, float], output: Tensor) -> None:
        context.save_for_backward(output)  # its signs are the input's
        context.slope = inputs[1]
        context.set_materialize_grads(False)

    @staticmethod
    def backward(context: Any, gradient: Tensor | None) -> tuple[Tensor | None, None]:
        if gradient is None:
            return None, None
        (output,) = context.saved_tensors
        constant = output.detach()
        return torch.ops.aten.leaky_relu_backward(gradient, constant, context.slope, True), None
