"""The data set's own classifier, which every study trains that measures on it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ganray.models.encoders.encoder import Encoder
from ganray.models.spec import Shape


class Classifier(Encoder):
    """CAFD's network, trained on the training split; `encoder` says how."""

    title = "classifier"
    gives = frozenset({"features", "posteriors", "class posteriors"})
    preprocessing = "uint8/255"
    chunk = 250

    name: Literal["classifier"] = Field("classifier", description="the encoder")

    def network(self, shape: Shape, classes: int) -> Any:
        """1,024 features, and probabilities of the data set's classes."""
        from ganray.models.encoders.networks.cafd import CafdEncoder

        return CafdEncoder(shape, classes).eval()
