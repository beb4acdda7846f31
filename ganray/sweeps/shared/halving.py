"""Which trials end early: ASHA's rule, where whole rungs are there at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np


class Halving:
    """Asynchronous successive halving (Li et al., arXiv 1810.05934), as Ray Tune has it.

    At some rungs, each `reduction` times as far as the one before, a trial goes on if its value is
    among the best one in `reduction` of those that came there before it.

    Args:
        steps: the iterations at each rung of a trial.
    """

    def __init__(
        self, steps: Sequence[int], reduction: int, better: Literal["lower", "higher"]
    ) -> None:
        self._best = 1 - 1 / reduction
        self._sign = -1.0 if better == "lower" else 1.0
        self._seen: dict[int, dict[str, float]] = {}
        milestone = steps[0]
        while milestone < steps[-1]:  # whoever arrives there has ended
            self._seen[milestone] = {}
            milestone *= reduction

    def stages(self, steps: Sequence[int]) -> list[list[int]]:
        """The rungs, parted behind those at which trials may end."""
        found: list[list[int]] = [[]]
        for before, step in zip((0, *steps), steps, strict=False):
            found[-1].append(step)
            if any(before < milestone <= step for milestone in self._seen):
                found.append([])
        return [one for one in found if one]

    def goes_on(self, name: str, step: int, value: float) -> bool:
        """Whether a trial goes on from this rung; whoever comes later is compared with it, too."""
        for milestone, seen in reversed(self._seen.items()):
            if step >= milestone and name not in seen:
                reward = self._sign * value
                known = list(seen.values())
                seen[name] = reward
                return not known or reward >= float(np.percentile(known, 100 * self._best))
        return True
