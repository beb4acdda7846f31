"""Which trials go on from a rung at which the worse ones end, and when: ASHA with a shared runner.

Trials are judged in the order of their numbers, in whatever order their scores come: so the same
ones end on every machine, and where a sweep was stopped and goes on. For that a trial waits for
those before it, and for no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ganray.sweeps.shared.halving import Halving
from ganray.sweeps.trials import Trial


@dataclass
class Promotions:
    """What is decided of some trials as their scores come.

    Args:
        parts: the rungs, parted behind those at which trials may end.
        trials: in the order of their numbers; what is known of them is looked up here.
        stop: ends one.
    """

    halving: Halving
    parts: Sequence[Sequence[int]]
    trials: Sequence[Trial]
    stop: Callable[[Trial], None]
    _judged: list[int] = field(default_factory=list)  # by part, how many of the trials
    _waiting: list[list[Trial]] = field(default_factory=list)  # by part, those that may go on

    def __post_init__(self) -> None:
        self._judged = [0 for _ in self.parts]
        self._waiting = [[] for _ in self.parts]

    def judge(self) -> None:
        """Decide of every trial whose score is there, and those of all before it."""
        for part, steps in enumerate(self.parts[:-1]):
            for trial in self.trials[self._judged[part] :]:
                if trial.at(steps[-1]) is None and trial.state == "running":
                    break
                self._judged[part] += 1
                self._decide(trial, part, steps[-1])

    def _decide(self, trial: Trial, part: int, step: int) -> None:
        """End a trial or let it go on; whoever has gone on before is not called back."""
        value = trial.at(step)
        if value is None:
            return
        if not self.halving.goes_on(str(trial.number), step, value) and trial.stands(step):
            self.stop(trial)
        if trial.state == "running":
            self._waiting[part].append(trial)

    def released(self, about: Callable[[Trial, int], bool]) -> Iterator[tuple[Trial, int]]:
        """The trials that go on now, and into which part.

        They wait for those whose scores are about to come, to share a cohort with them: two small
        ones take up to twice as long as a large one. For those that are still trained they do not.

        Args:
            about: whether a trial has been trained for a part, and its score is to come.
        """
        for part, (steps, waiting) in enumerate(zip(self.parts, self._waiting, strict=True)):
            behind = self.trials[self._judged[part] :] if waiting else []
            unscored = (
                one for one in behind if one.state == "running" and one.at(steps[-1]) is None
            )
            if not any(about(one, part) for one in unscored):
                yield from ((trial, part + 1) for trial in waiting if trial.state == "running")
                waiting.clear()
