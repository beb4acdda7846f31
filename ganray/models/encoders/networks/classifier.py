"""What the networks share that a study can train as the data set's own classifier."""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ganray.models.layers.dropout import Draw, Dropout
from ganray.models.layers.initial import initialise

Layer = Literal["features", "logits"]
"""Which of a classifier's answers metrics are computed from."""


class ClassifierNetwork(nn.Module):
    """Images in [0, 1] to (features, class probabilities), as every embedder.

    Attributes:
        dimensions: of what it gives as features.
        classes: whose probabilities it gives.
        layer: what it gives as features: the layer before the last, or the last one.
    """

    dimensions: int
    classes: int
    layer: Layer = "features"

    def giving(self, layer: Layer) -> ClassifierNetwork:
        """The same network, which gives that layer's numbers from now on."""
        self.layer = layer
        if layer == "logits":
            self.dimensions = self.classes
        return self

    def forward(
        self, images: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n k"]]:
        """(features, class probabilities): what every embedder returns."""
        features, logits = self.features_and_logits(images)
        return features if self.layer == "features" else logits, functional.softmax(logits, dim=1)

    def features_and_logits(
        self, images: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n k"]]:
        """(features, logits): what training needs."""
        raise NotImplementedError

    def initialise(self, seed: int, stream: str) -> None:
        """Draw the first weights, by index."""
        initialise(self, seed, stream)

    def drop(self, seed: int, stream: str, first: int, as_published: bool = False) -> None:
        """Say what the next images in training are: rows `first …` of the masks of each dropout.

        Args:
            as_published: the rates of the layers are the probabilities of being *kept*.
        """
        for name, layer in self.named_modules():
            if isinstance(layer, Dropout):
                layer.kept = layer.rate if as_published else 1 - layer.rate
                layer.draw = Draw(seed, f"{stream}/{name}", first)
