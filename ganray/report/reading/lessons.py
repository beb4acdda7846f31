"""What is stored of the lessons of a kind of classifier, by what it was taught; and their worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ganray.errors import UndefinedScore
from ganray.metrics.classes.worth import worth_in_real_images
from ganray.metrics.intervals import Interval, mean_interval
from ganray.plan.roles import exam_role, lesson_role
from ganray.report.reading.results import Results

SYNTHETIC = "synthetic"
_CALLED = {"network": "a network", "linear": "a linear classifier"}


@dataclass(frozen=True)
class Lessons:
    """The lessons of one kind of classifier.

    Attributes:
        learner: the word for it in the study's settings.
    """

    results: Results
    learner: str

    @classmethod
    def all(cls, results: Results) -> list[Lessons]:
        """Of each kind, in the order of the settings."""
        return [cls(results, learner) for learner in results.plan.settings["learners"]]

    @classmethod
    def first(cls, results: Results) -> Lessons:
        """Of the kind that is named first."""
        return cls.all(results)[0]

    @property
    def called(self) -> str:
        """The kind of classifier within a sentence."""
        return _CALLED[self.learner]

    @property
    def real(self) -> list[int]:
        """The numbers of real images that teach, the least first."""
        return sorted(self.results.plan.settings["real"])

    @property
    def curve(self) -> dict[int, float]:
        """The mean accuracy of those that some numbers of real images alone have taught."""
        found = {real: self.beside(None, real) for real in self.real}
        return {real: one.mean for real, one in found.items() if one}

    def accuracies(self, shown: str, side: str | None, real: int) -> dict[int, float]:
        """On real test images, by replicate.

        Args:
            side: whose images are shown; None: no side's.
        """
        found = self._found(shown, side, real)
        return {replicate: one["accuracy"] for replicate, one in found.items()}

    def synthetic(self, side: str) -> Interval | None:
        """The accuracy of those that a side's images alone have taught; None: none is stored."""
        return mean_of(self.accuracies(SYNTHETIC, side, 0))

    def beside(self, side: str | None, real: int) -> Interval | None:
        """Of those that so many real images have taught, alone or with a side's beside them."""
        return mean_of(self.accuracies("both" if side else "real", side, real))

    def exam(self, side: str) -> Interval | None:
        """The share of a side's images that is taken for what they are labelled as."""
        roles = [exam_role(self.learner, side, replicate) for replicate in self._replicates]
        found = {place: self.results.result(role) for place, role in enumerate(roles)}
        return mean_of({place: one["accuracy"] for place, one in found.items() if one})

    def per_class(self, shown: str, side: str | None, real: int) -> list[float] | None:
        """Mean accuracies over replicates on the test images of each class."""
        terms = [one["per_class"] for one in self._found(shown, side, real).values()]
        if not terms:
            return None
        return [float(one) for one in np.mean(np.array(terms, dtype=np.float64), axis=0)]

    def size(self, side: str) -> str:
        """How many images of a side teach: of its replicates the least and the most."""
        found = [one["lessons"] for one in self._found(SYNTHETIC, side, 0).values()]
        if not found:
            return "–"
        ends = dict.fromkeys((min(found), max(found)))
        return " to ".join(f"{one:,}" for one in ends)

    @property
    def _replicates(self) -> range:
        return range(int(self.results.plan.settings["replicates"]))

    def _found(self, shown: str, side: str | None, real: int) -> dict[int, dict[str, Any]]:
        roles = {
            replicate: lesson_role(self.learner, shown, side or "real", real, replicate)
            for replicate in self._replicates
        }
        return {n: found for n, role in roles.items() if (found := self.results.result(role))}


def mean_of(values: Mapping[int, float]) -> Interval | None:
    """The mean of shares; its interval is cut at 0 and 1, beyond which no share is."""
    if not values:
        return None
    found = mean_interval([*values.values()])
    if found.low is None or found.high is None:
        return found
    return replace(found, low=max(0.0, found.low), high=min(1.0, found.high))


def worth(curve: Mapping[int, float], accuracy: float) -> str:
    """The number of real images that teach as much, as a report has it: "340", "fewer than 20".

    Args:
        curve: accuracies by numbers of real images, which rise.
    """
    counts: Sequence[int] = [*curve]
    try:
        found = worth_in_real_images(np.array(counts), np.array([*curve.values()]), accuracy)
    except UndefinedScore:
        few = accuracy < curve[counts[0]]
        return f"fewer than {counts[0]:,}" if few else f"more than {counts[-1]:,}"
    return f"{float(f'{found:.2g}'):,.0f}"
