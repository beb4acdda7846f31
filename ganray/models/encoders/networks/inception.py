"""The Inception v3 of the FID: TensorFlow's graph of 2015-12-05, with weights in PyTorch's format.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2015. Scores are FIDs
only with these very weights, whose graph differs from the paper's in three ways: average pools
leave the padding out, the last block takes a maximum where others take an average, and there are
1,008 outputs. Tensor names are those of the file that pytorch-fid publishes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ganray.models.encoders.networks.imagenet import resized_bicubic, resized_rgb
from ganray.models.encoders.networks.weights import load_weights

WEIGHTS_URL = (
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
    "pt_inception-2015-12-05-6726825d.pth"
)
WEIGHTS_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


class _Conv(NamedTuple):
    """One convolution of a branch; padded to keep its size at stride 1, not padded at stride 2."""

    outputs: int
    kernel: int | tuple[int, int]
    stride: int = 1


# A branch is a chain of convolutions; a list inside it is a fork, whose ends are all outputs.
_Branches = Mapping[str, Sequence[_Conv | list[_Conv]]]


class _Unit(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, spec: _Conv, padding: tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, spec.outputs, spec.kernel, spec.stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(spec.outputs, eps=1e-3)

    def forward(self, maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k p q"]:
        return functional.relu(self.bn(self.conv(maps)))


class _Block(nn.Module):
    """Branches and a pool side by side, joined along the channels in this order.

    The pool is followed by a 1×1 convolution to `pooled` channels, unless that is None.
    """

    def __init__(
        self, inputs: int, branches: _Branches, pool: nn.Module, pooled: int | None
    ) -> None:
        super().__init__()
        self._chains = [self._add(inputs, name, chain) for name, chain in branches.items()]
        self.pool = pool
        self.branch_pool = (
            nn.Identity() if pooled is None else _Unit(inputs, _Conv(pooled, 1), (0, 0))
        )

    def _add(self, inputs: int, name: str, chain: Sequence[_Conv | list[_Conv]]) -> list[list[str]]:
        """Register a branch's units; returns their names, level by level."""
        levels = []
        for number, step in enumerate(chain, start=1):
            ends = step if isinstance(step, list) else [step]
            numbered = name if len(chain) == 1 else f"{name}_{number}"
            names = [f"{numbered}{letter}" for letter in ("ab" if len(ends) > 1 else [""])]
            for unit, spec in zip(names, ends, strict=True):
                self.add_module(unit, _Unit(inputs, spec, _padding(spec)))
            inputs = ends[-1].outputs
            levels.append(names)
        return levels

    def forward(self, maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k p q"]:
        outputs = [self._follow(levels, maps) for levels in self._chains]
        return torch.cat([*outputs, self.branch_pool(self.pool(maps))], dim=1)

    def _follow(
        self, levels: list[list[str]], maps: Float[Tensor, "n c h w"]
    ) -> Float[Tensor, "n k p q"]:
        for names in levels:
            maps = torch.cat([self.get_submodule(name)(maps) for name in names], dim=1)
        return maps


class FIDInception(nn.Module):
    """RGB or grey images in [0, 1] to (2,048 features, 1,008 class probabilities).

    23,850,960 parameters. The feature is the average of the last maps ("pool3"). As in the
    published Inception Score, probabilities are the softmax of logits **without** their bias.

    Args:
        antialiased: whether images are resized by an antialiased bicubic filter, unlike the FID's.
    """

    dimensions = 2048
    classes = 1008

    def __init__(self, antialiased: bool = False) -> None:
        super().__init__()
        self._resized = resized_bicubic if antialiased else resized_rgb
        self.Conv2d_1a_3x3 = _Unit(3, _Conv(32, 3, 2), (0, 0))
        self.Conv2d_2a_3x3 = _Unit(32, _Conv(32, 3), (0, 0))
        self.Conv2d_2b_3x3 = _Unit(32, _Conv(64, 3), (1, 1))
        self.Conv2d_3b_1x1 = _Unit(64, _Conv(80, 1), (0, 0))
        self.Conv2d_4a_3x3 = _Unit(80, _Conv(192, 3), (0, 0))
        self.Mixed_5b = _block_a(192, 32)
        self.Mixed_5c = _block_a(256, 64)
        self.Mixed_5d = _block_a(288, 64)
        self.Mixed_6a = _block_b(288)
        self.Mixed_6b = _block_c(768, 128)
        self.Mixed_6c = _block_c(768, 160)
        self.Mixed_6d = _block_c(768, 160)
        self.Mixed_6e = _block_c(768, 192)
        self.Mixed_7a = _block_d(768)
        self.Mixed_7b = _block_e(1280, _average())
        self.Mixed_7c = _block_e(2048, nn.MaxPool2d(3, stride=1, padding=1))
        self.fc = nn.Linear(self.dimensions, self.classes)

    def forward(
        self, images: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n k"]]:
        """(features, class probabilities).

        Raises:
            RefusedInput: for images that have neither 1 nor 3 channels.
        """
        maps = self._stem(2 * self._resized(images, 299) - 1)
        for name, block in self.named_children():
            if name.startswith("Mixed"):
                maps = block(maps)
        features = maps.mean(dim=(2, 3))
        return features, torch.softmax(functional.linear(features, self.fc.weight), dim=1)

    def _stem(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 192 p q"]:
        maps = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(images)))
        maps = functional.max_pool2d(maps, 3, stride=2)
        maps = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(maps))
        return functional.max_pool2d(maps, 3, stride=2)


def load_inception(
    location: str = WEIGHTS_URL, sha256: str = WEIGHTS_SHA256, antialiased: bool = False
) -> FIDInception:
    """The network with the published weights, frozen, in evaluation mode.

    `location` is a path or URL of the file at `WEIGHTS_URL` (96 MB); downloads are cached.

    Args:
        antialiased: as of `FIDInception`.

    Raises:
        RefusedInput: if the file cannot be read, has another digest or other tensors.
    """
    network = FIDInception(antialiased)
    load_weights(network, location, sha256, wanted="that of the FID, as pytorch-fid publishes it")
    return network


def _padding(spec: _Conv) -> tuple[int, int]:
    if spec.stride > 1:
        return (0, 0)
    height, width = spec.kernel if isinstance(spec.kernel, tuple) else (spec.kernel,) * 2
    return (height // 2, width // 2)


def _average() -> nn.Module:
    return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


def _block_a(inputs: int, pooled: int) -> _Block:
    branches: _Branches = {
        "branch1x1": [_Conv(64, 1)],
        "branch5x5": [_Conv(48, 1), _Conv(64, 5)],
        "branch3x3dbl": [_Conv(64, 1), _Conv(96, 3), _Conv(96, 3)],
    }
    return _Block(inputs, branches, _average(), pooled)


def _block_b(inputs: int) -> _Block:
    branches: _Branches = {
        "branch3x3": [_Conv(384, 3, 2)],
        "branch3x3dbl": [_Conv(64, 1), _Conv(96, 3), _Conv(96, 3, 2)],
    }
    return _Block(inputs, branches, nn.MaxPool2d(3, stride=2), None)


def _block_c(inputs: int, width: int) -> _Block:
    row, column = _Conv(width, (1, 7)), _Conv(width, (7, 1))
    branches: _Branches = {
        "branch1x1": [_Conv(192, 1)],
        "branch7x7": [_Conv(width, 1), row, _Conv(192, (7, 1))],
        "branch7x7dbl": [_Conv(width, 1), column, row, column, _Conv(192, (1, 7))],
    }
    return _Block(inputs, branches, _average(), 192)


def _block_d(inputs: int) -> _Block:
    branches: _Branches = {
        "branch3x3": [_Conv(192, 1), _Conv(320, 3, 2)],
        "branch7x7x3": [_Conv(192, 1), _Conv(192, (1, 7)), _Conv(192, (7, 1)), _Conv(192, 3, 2)],
    }
    return _Block(inputs, branches, nn.MaxPool2d(3, stride=2), None)


def _block_e(inputs: int, pool: nn.Module) -> _Block:
    fork = [_Conv(384, (1, 3)), _Conv(384, (3, 1))]
    branches: _Branches = {
        "branch1x1": [_Conv(320, 1)],
        "branch3x3": [_Conv(384, 1), fork],
        "branch3x3dbl": [_Conv(448, 1), _Conv(384, 3), fork],
    }
    return _Block(inputs, branches, pool, 192)
