"""What algorithms share that train translators between two domains."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64
from pydantic import Field

from ganray.models.spec import ModelSpec
from ganray.train.algorithms.by_adam import ByAdam


class Translating(ByAdam):
    """Such an algorithm: images of class 0 are `a`, those of class 1 `b`."""

    told_labels = True
    of_images = translates = True

    batch: int = Field(1, ge=1, description="real images of each domain in each step")

    def shown(self, labels: Int64[np.ndarray, "n"], _: int, /) -> dict[str, Int64[np.ndarray, "k"]]:
        """Each domain in an order of its own."""
        return {name: np.flatnonzero(labels == label) for label, name in enumerate("ab")}

    def objection(self, model: ModelSpec, /) -> str | None:
        """What is left over would not be trained."""
        if set(model.roles) != set(self.needs):
            return f"it has {', '.join(model.roles)}, of which a part would not be trained"
        return None
