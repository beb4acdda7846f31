"""The logits of the data set's own classifier, on which DDM was defined."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganray.models.encoders.classifier import Classifier


class ClassifierLogits(Classifier):
    """The network of `classifier`, which is trained once for both; its logits are the features.

    As many features as there are classes. What is computed from posteriors is measured on
    `classifier`: they are the same here.
    """

    title = "classifier logits"
    gives = frozenset({"features"})
    layer = "logits"

    name: Literal["classifier_logits"] = Field(  # type: ignore[assignment]
        "classifier_logits", description="the encoder"
    )
