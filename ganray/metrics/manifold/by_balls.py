"""What metrics share that ask which images lie in the balls around others."""

from __future__ import annotations

from pydantic import Field

from ganray.metrics.features import Embedding
from ganray.metrics.manifold.balls import BallsAround, Counts, K
from ganray.metrics.metric import Metric
from ganray.process.progress import shares


class ByBalls(Metric):
    """Balls around the images of one set, each of which reaches to its k-th other one."""

    better = "higher"
    needs = frozenset({"features"})
    multiplies = True

    k: int = Field(K, ge=1, description="the neighbour that an image's ball reaches to")

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """All distances within the set of the balls, and from it to as many other images."""
        return 4.0 * count**2 * dimensions


class ByRealBalls(ByBalls):
    """Of those, with balls around real images."""

    @property
    def least_real(self) -> int:
        """Each real image has k others."""
        return self.k + 1

    def counts(self, real: Embedding, generated: Embedding, closed: bool = False) -> Counts:
        """Which generated images lie in which balls, counted both ways."""
        around, inside = shares(real.count, generated.count)
        with around:
            balls = real.once(BallsAround(self.k))
        with inside:
            return balls.counts(generated.features, closed)


class ByGeneratedBalls(ByBalls):
    """Of those, with balls around generated images."""

    @property
    def least(self) -> int:
        """Each generated image has k others."""
        return self.k + 1
