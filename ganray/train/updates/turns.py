"""How often each step of an algorithm has been done, where a schedule changes how often it is.

Batches are numbered through: none is seen twice and none left out where a count changes.
"""

from __future__ import annotations

from bisect import bisect_right

from ganray.train.spec import TrainSpec


class Turns:
    """The numbers of batches of each step, by iterations, and the other way."""

    def __init__(self, train: TrainSpec) -> None:
        self._batch, self._firsts = train.batch, train.paces
        self._steps = [train.scheduled(first).steps() for first in self._firsts]
        self._done: list[dict[str, int]] = [dict.fromkeys((s.name for s in self._steps[0]), 0)]
        for place, first in enumerate(self._firsts[1:]):
            more = first - self._firsts[place]
            self._done.append(
                {s.name: self._done[place][s.name] + more * s.times for s in self._steps[place]}
            )

    def before(self, name: str, iteration: int) -> int:
        """How often a step is done before an iteration: the number of its first batch then."""
        place = self._place(iteration)
        since = iteration - self._firsts[place]
        return self._done[place][name] + since * self._times(place, name)

    def iteration(self, name: str, index: int) -> int:
        """In which iteration a step sees its batch of this number."""
        place = max(p for p, done in enumerate(self._done) if done[name] <= index)
        return self._firsts[place] + (index - self._done[place][name]) // self._times(place, name)

    def alike(self, iteration: int, count: int) -> int:
        """How many of `count` iterations from this one on are alike."""
        later = (first - iteration for first in self._firsts if first > iteration)
        return min(count, next(later, count))

    def images(self, until: int) -> int:
        """Real images seen in the first `until` iterations."""
        looking = [step.name for step in self._steps[0] if step.looks]
        return self._batch * sum(self.before(name, until) for name in looking)

    def _place(self, iteration: int) -> int:
        return bisect_right(self._firsts, iteration) - 1

    def _times(self, place: int, name: str) -> int:
        return next(step.times for step in self._steps[place] if step.name == name)
