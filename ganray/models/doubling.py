"""What families share whose images come of small maps by doubling."""

from __future__ import annotations

from typing import Literal

from ganray.errors import RefusedInput
from ganray.models.spec import LatentLaw, Law, OfLatents, Shape, law_of

Norm = Literal["batch", "instance", "layer", "none"]
"""Over a batch, over each image's channel by itself, over each image, or not at all."""
_FEWEST, _MOST = 4, 7  # rows or columns of the first maps, on the shorter side


class Doubling(OfLatents):
    """Such a family, by default of pixels in [−1, 1]."""

    latent: int
    law: LatentLaw

    @property
    def latents(self) -> Law:
        """As `law` says."""
        return law_of(self.law, self.latent, self.prior)

    @property
    def signed(self) -> bool:
        """With tanh."""
        return True

    def check(self, shape: Shape, classes: int, /) -> None:
        """Refuse images that do not come of small maps by doubling."""
        super().check(shape, classes)
        doublings(shape, self.name)


def doublings(shape: Shape, name: str) -> tuple[int, tuple[int, int]]:
    """How often the first maps double to images of `shape`, and their rows and columns, of which
    the fewer are 4 to 7.

    Raises:
        RefusedInput: they do not; names the nearest sizes that would do.
    """
    _, height, width = shape
    for times in range(2, 12):
        first = height >> times, width >> times
        whole = first[0] << times == height and first[1] << times == width
        if whole and _FEWEST <= min(first) <= _MOST:
            return times, first
    bases = range(_FEWEST, _MOST + 1)
    known = sorted(base << times for base in bases for times in range(2, 9))
    side = max(height, width)
    below = max((one for one in known if one <= side), default=known[0])
    above = min((one for one in known if one > side), default=known[-1])
    raise RefusedInput(
        f"model.name (={name!r}) makes images whose shorter side is 4 to 7, doubled twice or "
        f"more often; of {height}×{width} it cannot: data.size {below} or {above} would do"
    )
