"""The Gaussian kernel's bandwidth where none is set: half the real images' median distance.

Papers choose one by hand for each encoder. A kernel counts kinds if it is near 1 within a kind and
near 0 between kinds; at half the median distance, which is one between kinds where there are
several, it is e⁻² at that distance and e^(−1/2) at half of it. The choice is this project's; like
all counts under it, it follows the features' scale and the real images alone.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Num

from ganray.errors import UndefinedScore
from ganray.metrics import pairs
from ganray.metrics.features import Embedding
from ganray.randomness import permutation

_MOST = 1000  # images whose distances are looked at: half a million


def usual_bandwidth(real: Embedding) -> float:
    """Half the median distance between real images, as a statistic that `Embedding.once` keeps."""
    return half_median_distance(real.features)


def half_median_distance(features: Num[np.ndarray, "n d"]) -> float:
    """Half the median distance of all pairs, or of those of 1,000 rows of a fixed permutation.

    Raises:
        UndefinedScore: if it is 0, as half of the images are equal.
    """
    from scipy.spatial.distance import pdist  # by differences: equal images are at exactly 0

    pairs.check_sets(features=features)
    rows = permutation(0, "bandwidth", 0, len(features))[:_MOST]
    distances = pdist(features[rows].astype(np.float64))
    median = float(np.median(distances)) if len(distances) else 0.0
    if median == 0:
        raise UndefinedScore(
            "the median distance of the real images is 0, so that no bandwidth follows from it: "
            "set bandwidth"
        )
    return median / 2
