"""Whether generated images are nearer to training images than held-out real images are: a test.

Mann and Whitney, "On a test of whether one of two random variables is stochastically larger than
the other", Annals of Mathematical Statistics 18 (1947), on the distances to the nearest training
image. Meehan, Chaudhuri and Dasgupta (arXiv 2004.05675) use the same statistic inside cells: `c_t`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from ganray.errors import UndefinedScore
from ganray.metrics.copying.neighbours import (
    both_to_training,
)
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value


class CopiesPValue(Metric):
    """The one-sided p-value, in (0, 1), of copies among the generated images.

    Of images of the training images' own law it is uniform: below 0.05 in one of twenty. Near 1
    says that images are further away than real ones, which is no copying and may be bad images.
    It is no size: of many images a tiny shift has a tiny p-value, so read the probability beside
    it. A few copies among many good images are not seen, nor is the share of them.
    """

    title = "p-value of copying"
    meaning = "p-value that images are nearer to training images than held-out real ones are"
    better = "higher"
    needs = frozenset({"features"})
    multiplies = True
    asks = frozenset({"training images"})

    name: Literal["copies_p_value"] = Field("copies_p_value", description="the metric")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The p-value; details give the probability that a generated image is the nearer one."""
        found = nearer_test(*both_to_training(generated, real))
        return Value(found.p_value, details={"probability of being nearer": found.nearer})

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """Two tables of distances, of generated and of real images."""
        return 4.0 * count**2 * dimensions


@dataclass(frozen=True)
class NearerTest:
    """What a one-sided Mann–Whitney test says.

    Attributes:
        p_value: of "the first are stochastically smaller".
        nearer: P(first < second) + ½ P(first = second): ½ where both have one law, 1 where every
            generated image is nearer than every held-out one.
    """

    p_value: float
    nearer: float


def nearer_test(
    generated: Float64[np.ndarray, "n"], held_out: Float64[np.ndarray, "m"]
) -> NearerTest:
    """Are the first distances smaller than the second? Exact for at most 8 without ties, else by
    the normal law with corrections for ties and continuity.

    Raises:
        UndefinedScore: all distances are equal, so that there is no order.
    """
    from scipy.stats import mannwhitneyu  # half a second, which no reader of a store should wait

    if min(generated.min(), held_out.min()) == max(generated.max(), held_out.max()):
        raise UndefinedScore(f"all distances are {generated[0]:g}: there is no order among them")
    test = mannwhitneyu(generated, held_out, alternative="less")
    pairs = len(generated) * len(held_out)
    return NearerTest(float(test.pvalue), 1.0 - float(test.statistic) / pairs)
