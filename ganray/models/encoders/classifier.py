"""The data set's own classifier, which every study trains that measures on it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, PrivateAttr

from ganray.models.encoders.encoder import Encoder
from ganray.models.spec import Shape

USUAL_NETWORK = "cafd"
"""What `encoder.network` is where nobody says."""
POOLING = ("cafd", "channelwise")
"""The networks whose maps are averaged before their full layer, of larger images."""
LARGEST_WHOLE, MAP_SIDE = 64, 16
"""Pixels of a side up to which they are not, and rows and columns that they are averaged to."""


def pools(network: str, shape: Shape) -> bool:
    """Whether a classifier of that form averages its maps for images of these sizes."""
    return network in POOLING and max(shape[1:]) > LARGEST_WHOLE


class Classifier(Encoder):
    """A network trained on the training split, whose last hidden layer are the features.

    `encoder` says which network, and how it is trained.
    """

    title = "classifier"
    gives = frozenset({"features", "posteriors", "class posteriors"})
    preprocessing = "uint8/255"
    chunk = 250

    name: Literal["classifier"] = Field("classifier", description="the encoder")
    _form: str = PrivateAttr(USUAL_NETWORK)

    def formed(self, network: str) -> Classifier:
        """The same on a network of that form, which the study's `encoder.network` names."""
        own = self.model_copy()
        own._form = network
        return own

    def network(self, shape: Shape, classes: int) -> Any:
        """Features, and probabilities of the data set's classes."""
        from ganray.models.encoders.networks.own import new_classifier

        return new_classifier(self._form, shape, classes).giving(self.layer).eval()

    def protocol(self, shape: Shape) -> str:
        """With what the network does to larger images alone, which makes its scores others."""
        if not pools(self._form, shape):
            return self.preprocessing
        return f"{self.preprocessing}, maps averaged to at most {MAP_SIDE}x{MAP_SIDE}"
