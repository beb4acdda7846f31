"""Who takes whom over: population-based training's rule, where all come to a rung together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ganray.randomness import uniforms
from ganray.sweeps.space import Domain, Values, perturbed

_QUARTER = 0.25  # as Ray Tune has it


@dataclass(frozen=True)
class Population:
    """Population-based training (Jaderberg et al., arXiv 1711.09846) of so many trials.

    What chance decides depends on the seed, the rung and the trial alone.
    """

    over: Mapping[str, Domain]
    seed: int
    count: int
    better: Literal["lower", "higher"]

    def donors(self, values: Mapping[int, float], rung: int) -> dict[int, int]:
        """By trial, whom it takes over: each of the worst quarter one of the best.

        Args:
            values: of the trials that came to the rung.
        """
        sign = 1.0 if self.better == "lower" else -1.0
        ordered = sorted(values, key=lambda number: (sign * values[number], number))
        size = min(math.ceil(len(ordered) * _QUARTER), len(ordered) // 2)
        best, worst = ordered[:size], ordered[len(ordered) - size :]
        return {number: best[int(self._share(rung, number) * size)] for number in worst}

    def explored(self, values: Values, rung: int, number: int) -> Values:
        """The settings with which a trial goes on from those of its donor."""
        return perturbed(self.over, values, self.seed, self._index(rung, number))

    def _share(self, rung: int, number: int) -> float:
        index = self._index(rung, number)
        return float(uniforms(self.seed, "sweep/donor", index, 1, 1)[0, 0])

    def _index(self, rung: int, number: int) -> int:
        return rung * self.count + number
