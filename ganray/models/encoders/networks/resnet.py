"""A small residual network as the classifier of colour pictures, where CAFD's learns little.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", arXiv 1512.03385. Layers are
those of the nine-layer networks that are trained on CIFAR-10 in seconds of a GPU, at half their
width and with strides in place of pools: our choice, for CPUs.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ganray.models.encoders.networks.classifier import ClassifierNetwork

_STEM = 32
_STAGES = ((64, False), (128, True), (256, True))
"""Maps of each stage, and whether it has a residual block: the first one's would cost the most."""


class _Unit(nn.Module):
    """Convolution of 3 × 3, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k p q"]:
        return functional.relu(self.norm(self.conv(maps)), inplace=True)


class _Block(nn.Module):
    """Two units whose outcome is added to what they are given."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = _Unit(channels, channels), _Unit(channels, channels)

    def forward(self, maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        added: Tensor = maps + self.second(self.first(maps))
        return added


class ResNetEncoder(ClassifierNetwork):
    """Images in [0, 1] to (256 features, class probabilities).

    The feature is the average of the last maps. On colour images of 10 classes it has 1,867,562
    parameters, whatever their size, and 53 M multiply-adds an image of 32 × 32.
    """

    dimensions = _STAGES[-1][0]

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.stem, inputs = _Unit(shape[0], _STEM), _STEM
        self.layers = nn.Sequential()
        for outputs, residual in _STAGES:
            self.layers.append(_Unit(inputs, outputs, stride=2))
            if residual:
                self.layers.append(_Block(outputs))
            inputs = outputs
        self.output = nn.Linear(self.dimensions, classes)

    def features_and_logits(
        self, images: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n k"]]:
        """(features, logits): what training needs."""
        # Convolutions follow their input's layout; this one is a little faster on CPUs.
        centred = (2 * images - 1).contiguous(memory_format=torch.channels_last)
        features = self.layers(self.stem(centred)).mean(dim=(2, 3))
        return features, self.output(features)
