"""The encoder of the class-aware Fréchet distance (B1ueber2y/CAFD): a small classifier."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ganray.models.encoders.networks.classifier import ClassifierNetwork
from ganray.models.layers.same_padding import SameConv2d


class CafdEncoder(ClassifierNetwork):
    """Images in [0, 1] to (1,024 features, class probabilities).

    conv 5×5×32, pool 2, conv 5×5×64, pool 2, FC 1024, ReLU, FC classes. The feature is FC 1024
    **before** its ReLU. On 28×28×1 images of 10 classes it has 3,274,634 parameters.
    """

    dimensions = 1024

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        channels, height, columns = shape
        self.classes = classes
        self.conv1 = SameConv2d(channels, 32, 5)
        self.conv2 = SameConv2d(32, 64, 5)
        self.hidden = nn.Linear(64 * (height // 4) * (columns // 4), self.dimensions)
        self.output = nn.Linear(self.dimensions, classes)

    def features_and_logits(
        self, images: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n features"], Float[Tensor, "n classes"]]:
        """(features, logits): what training needs."""
        maps = functional.max_pool2d(functional.relu(self.conv1(images)), 2)
        maps = functional.max_pool2d(functional.relu(self.conv2(maps)), 2)
        features = self.hidden(maps.flatten(1))
        return features, self.output(torch.relu(features))
