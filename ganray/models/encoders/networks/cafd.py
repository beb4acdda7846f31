"""The encoder of the class-aware Fréchet distance (B1ueber2y/CAFD): a small classifier."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ganray.models.encoders.classifier import MAP_SIDE, pools
from ganray.models.encoders.networks.classifier import ClassifierNetwork
from ganray.models.layers.same_padding import SameConv2d


class CafdEncoder(ClassifierNetwork):
    """Images in [0, 1] to (1,024 features, class probabilities).

    conv 5×5×32, pool 2, conv 5×5×64, pool 2, FC 1024, ReLU, FC classes. The feature is FC 1024
    **before** its ReLU. On 28×28×1 images of 10 classes it has 3,274,634 parameters.

    Of images of more than 64 pixels on a side the maps are averaged to at most 16×16 before FC
    1024, whose weights else grow with the image's area: 268 million at 256×256, 17 million so. It
    is another network, whose scores are told apart by their protocol.
    """

    dimensions = 1024

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        channels, height, columns = shape
        self.classes = classes
        self.conv1 = SameConv2d(channels, 32, 5)
        self.conv2 = SameConv2d(32, 64, 5)
        self.maps = height // 4, columns // 4
        if pools("cafd", shape):
            self.maps = min(self.maps[0], MAP_SIDE), min(self.maps[1], MAP_SIDE)
        self.hidden = nn.Linear(64 * self.maps[0] * self.maps[1], self.dimensions)
        self.output = nn.Linear(self.dimensions, classes)

    def features_and_logits(
        self, images: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n features"], Float[Tensor, "n classes"]]:
        """(features, logits): what training needs."""
        maps = functional.max_pool2d(functional.relu(self.conv1(images)), 2)
        maps = functional.max_pool2d(functional.relu(self.conv2(maps)), 2)
        features = self.hidden(self.fewer(maps).flatten(1))
        return features, self.output(torch.relu(features))

    def fewer(self, maps: Float[Tensor, "n 64 h w"]) -> Float[Tensor, "n 64 rows columns"]:
        """The maps as the full layer takes them: averaged where they are larger."""
        if tuple(maps.shape[2:]) == self.maps:
            return maps
        return functional.adaptive_avg_pool2d(maps, self.maps)
