"""The classifiers A to F that Defense-GAN defends (Samangouei et al., arXiv 1805.06605, table 5).

Layers are those of the public code (kabkabm/defensegan, `utils/network_builder.py`). A ReLU follows
each layer but the last one. Weights begin normal, those of each output with norm 1, as there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganray.models.encoders.networks.classifier import ClassifierNetwork
from ganray.models.layers.dropout import Dropout
from ganray.models.layers.same_padding import SameConv2d
from ganray.randomness import normals

Maps = tuple[int, ...]
"""The shape of what a layer gives of one image."""


@dataclass(frozen=True)
class Convolution:
    """So many maps by a square kernel, with TensorFlow's SAME padding or none."""

    maps: int
    kernel: int
    stride: int = 1
    same: bool = False

    def layers(self, given: Maps) -> tuple[list[nn.Module], Maps]:
        """The modules, and the shape of what they give."""
        channels, *sides = given
        kind = SameConv2d if self.same else nn.Conv2d
        layer = kind(channels, self.maps, self.kernel, self.stride)
        given_by = (lambda s: s) if self.same else (lambda s: s - self.kernel + 1)
        return [layer, nn.ReLU()], (self.maps, *(-(-given_by(s) // self.stride) for s in sides))


@dataclass(frozen=True)
class Dense:
    """So many numbers of all that is given."""

    units: int

    def layers(self, given: Maps) -> tuple[list[nn.Module], Maps]:
        """The modules, and the shape of what they give."""
        return [nn.Flatten(), nn.Linear(math.prod(given), self.units), nn.ReLU()], (self.units,)


@dataclass(frozen=True)
class Drop:
    """Dropout at this rate."""

    rate: float

    def layers(self, given: Maps) -> tuple[list[nn.Module], Maps]:
        """The modules, and the shape of what they give."""
        return [Dropout(self.rate)], given


Layer = Convolution | Dense | Drop
_LAST = (Convolution(64, 5, 2), Drop(0.25), Dense(128), Drop(0.5))
_F = (Convolution(64, 8, 2, same=True), Convolution(128, 6, 2), Convolution(128, 5))
TABLE: dict[str, tuple[Layer, ...]] = {
    "A": (Convolution(64, 5, same=True), *_LAST),
    "B": (Drop(0.2), *_F, Drop(0.5)),
    "C": (Convolution(128, 3, same=True), *_LAST),
    "D": (Dense(200), Drop(0.5), Dense(200)),
    "E": (Dense(200), Dense(200)),
    "F": _F,
}
"""What stands before the layer that gives the logits."""


class DefenseGanClassifier(ClassifierNetwork):
    """Images in [0, 1] to (features, class probabilities); the feature is what the last layer is
    given: 128 numbers of A, B, C and F, 200 of D and E, on images of 28 × 28.
    """

    letter: ClassVar[str]

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.classes, given = classes, Maps(shape)
        self.layers = nn.Sequential()
        for one in TABLE[self.letter]:
            layers, given = one.layers(given)
            self.layers.extend(layers)
        self.dimensions = math.prod(given)
        self.output = nn.Linear(self.dimensions, classes)

    def features_and_logits(
        self, images: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n k"]]:
        """(features, logits): what training needs."""
        features = self.layers(images).flatten(1)
        return features, self.output(features)

    @torch.no_grad()
    def initialise(self, seed: int, stream: str) -> None:
        """Normal weights, those of each output divided by their norm; zero biases."""
        for name, layer in self.named_modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                count, width = len(layer.weight), layer.weight[0].numel()
                rows = torch.from_numpy(normals(seed, f"{stream}/{name}", 0, count, width))
                rows /= rows.norm(dim=1, keepdim=True)
                layer.weight.copy_(rows.reshape(layer.weight.shape))
                assert layer.bias is not None
                layer.bias.zero_()


class ClassifierA(DefenseGanClassifier):
    """1,285,194 parameters on 28×28×1 images of 10 classes."""

    letter = "A"


class ClassifierB(DefenseGanClassifier):
    """710,218 parameters: F with dropout of pixels and features."""

    letter = "B"


class ClassifierC(DefenseGanClassifier):
    """1,387,210 parameters."""

    letter = "C"


class ClassifierD(DefenseGanClassifier):
    """199,210 parameters, without convolutions."""

    letter = "D"


class ClassifierE(DefenseGanClassifier):
    """199,210 parameters: D without dropout."""

    letter = "E"


class ClassifierF(DefenseGanClassifier):
    """710,218 parameters."""

    letter = "F"
