"""What every law of the noise that images are made from can do; free of torch."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from ganray.errors import RefusedInput


@runtime_checkable
class Law(Protocol):
    """How vectors of `size` numbers are drawn: each depends on its number in a stream alone."""

    @property
    def size(self) -> int:
        """Numbers in a vector."""

    @property
    def free(self) -> int:
        """How many of them, the first ones, a search may move: not what chooses among things."""

    @property
    def isotropic(self) -> bool:
        """Whether all directions of those are equally likely, so that great circles fit."""

    def truncated(self, bound: float) -> Law:
        """The same law with those nearer to its middle: normal numbers beyond ± `bound` are drawn
        anew, as often as it takes (Brock et al., arXiv 1809.11096). What chooses stays.

        Args:
            bound: in standard deviations, above 0.

        Raises:
            RefusedInput: the law is not made of normal numbers.
        """

    def rows(
        self, seed: int, stream: str, start: int, count: int
    ) -> Float64[np.ndarray, "count size"]:
        """Vectors `start … start+count-1` of a stream."""


def refuse_projection(law: Law, projection: str) -> None:
    """Refuse to project latent vectors towards the origin whose likely ones are not about it.

    Raises:
        RefusedInput: they are not normal or on a sphere.
    """
    if projection != "none" and not law.isotropic:
        raise RefusedInput(
            f"search.projection (={projection!r}) is of normal latent vectors or those on a "
            "sphere; these are neither: use none"
        )
