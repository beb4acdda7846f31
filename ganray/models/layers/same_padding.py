"""Convolutions with TensorFlow's SAME padding."""

from __future__ import annotations

import math

from jaxtyping import Float
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
