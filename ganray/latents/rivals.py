"""Descents of one target that compete: those that are behind are given up before their end.

Successive halving (Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and
Hyperparameter Optimization", AISTATS 2016) leaves the better half of each group after an eighth, a
quarter and a half of the steps, and one of it for the second half. An early stop ends a restart
that could no longer win if it went on falling as fast as it last moved; falls slow down, so that
few are stopped that would have won. Groups do not know of each other.
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor

Stopping = Literal["none", "early_stop", "halving"]
_WINDOWS = 20
"""Parts of all steps, after each of which an early stop looks at how far restarts have fallen."""


class Rivals:
    """Which descents go on, and where the others were left.

    Args:
        starts: of all descents, those of a group in a row.
        together: descents of a group.
        steps: of a descent that is not given up.
    """

    def __init__(
        self, starts: Float[Tensor, "p k"], stopping: Stopping, together: int, steps: int
    ) -> None:
        self.ends, self._together, self._steps = starts.clone(), together, steps
        self.rows = torch.arange(len(starts), device=starts.device)
        self._rule = {"halving": self._halved, "early_stop": self._hopeful}.get(stopping)
        self._before = torch.full((len(starts),), torch.inf, device=starts.device)

    def keep(
        self, done: int, values: Float[Tensor, "n"], points: Float[Tensor, "n k"]
    ) -> Int64[Tensor, "m"] | None:
        """Which of those that go on still do, by their places among them; none: all.

        Args:
            done: the evaluations of each so far.
            values: of each at its point, to be as low as can be.
        """
        if self._rule is None or done >= self._steps:
            return None
        chosen = self._rule(done, torch.nan_to_num(values, nan=torch.inf))
        if chosen is None or len(chosen) == len(self.rows):
            return None
        self.ends[self.rows] = points
        self.rows = self.rows[chosen]
        return chosen

    def ended(self, points: Float[Tensor, "n k"]) -> Float[Tensor, "p k"]:
        """The ends of all, given up or not."""
        self.ends[self.rows] = points
        return self.ends

    def _halved(self, done: int, values: Float[Tensor, "n"]) -> Int64[Tensor, "m"] | None:
        left = self._left(done)
        if left == self._left(done - 1):
            return None
        groups = values.reshape(-1, self._left(done - 1))
        best = groups.argsort(dim=1, stable=True)[:, :left].sort(dim=1).values
        firsts = torch.arange(len(groups), device=values.device) * groups.shape[1]
        return (firsts[:, None] + best).flatten()

    def _left(self, done: int) -> int:
        """Of each group after so many evaluations."""
        if 2 * done >= self._steps:
            return 1
        halvings = sum(fold * done >= self._steps for fold in (8, 4))
        return max(1, -(-self._together // 2**halvings))

    def _hopeful(self, done: int, values: Float[Tensor, "n"]) -> Int64[Tensor, "m"] | None:
        window = max(1, self._steps // _WINDOWS)
        if done % window:
            return None
        # Up counts as down: who swings may come back as far.
        falls = torch.nan_to_num(self._before[self.rows] - values, nan=0.0).abs()
        self._before[self.rows] = values
        group = self.rows // self._together
        best = torch.full((len(self.ends),), torch.inf, device=values.device)
        best = best.scatter_reduce(0, group, values, "amin")[group]
        still = values - falls * ((self._steps - done) / window) <= best
        return (still | (values == best)).nonzero()[:, 0]
