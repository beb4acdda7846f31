"""Several courses driven together: their trainers are members of cohorts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from jaxtyping import Float
from torch import OutOfMemoryError, Tensor

from ganray.train.cohorts.cohort import Cohort
from ganray.train.gan import GanTrainer
from ganray.train.loop import NONE, REPORT_SECONDS, Course, Wanted

STEPS = 100
"""At the latest after so many iterations losses are read from the device, which waits for it."""


class Member:
    """One of several courses that are driven together.

    Args:
        ended: hears once that the course is over: None, or what it has ended of.

    Attributes:
        course: to be set before it begins.
        seconds: its share of the time in which a device has worked for it and others.
        steady: of these and of its iterations those after the first ones, with which a cohort is
            captured and its products raced.
        wanted: what its course asks for; none: it has not begun, or is over.
    """

    course: Course[Any]

    def __init__(self, ended: Callable[[Exception | None], None]) -> None:
        self._ended = ended
        self.seconds = 0.0
        self.steady = 0.0, 0
        self.wanted: Wanted | None = None

    def clock(self) -> float:
        """These seconds."""
        return self.seconds

    def begin(self) -> None:
        """Come to where iterations are wanted."""
        self._go_on(lambda: next(self.course))

    def hear(self, losses: Float[Tensor, "iterations losses"]) -> None:
        """Go on after some iterations."""
        self._go_on(lambda: self.course.send(losses))

    def leave(self, error: BaseException) -> None:
        """End the course by an error that it has no part in, of which nobody hears."""
        self.wanted = None
        try:
            self.course.throw(error)
        except BaseException as own:
            # What goes wrong with its end, such as a commit, does so again when it is resumed.
            if own is not error and not isinstance(own, Exception):
                raise

    @property
    def trainer(self) -> GanTrainer:
        """Which is to be moved on."""
        assert self.wanted is not None
        assert isinstance(self.wanted.trainer, GanTrainer)
        return self.wanted.trainer

    def _go_on(self, step: Callable[[], Wanted]) -> None:
        self.wanted = None
        try:
            self.wanted = step()
        except StopIteration:
            self._ended(None)
        except OutOfMemoryError:
            raise  # of a device that all share
        except Exception as error:
            self._ended(error)


def run_together(members: Sequence[Member]) -> None:
    """Drive courses to their ends; what one of them ends of is its own affair.

    Those that are behind go first until they meet the next. Losses are read once a second or after
    `STEPS` iterations, whichever comes first, and courses asked whether they go on.

    Raises:
        OutOfMemoryError, RuntimeError: the device failed under all of them; the courses that had
            not ended are broken off, what they had begun to keep being kept.
    """
    try:
        for member in members:
            member.begin()
        _drive(members)
    except BaseException as error:
        for member in members:
            if member.wanted is not None:
                member.leave(error)
        raise


def _drive(members: Sequence[Member]) -> None:
    cohort, at_once, told = None, 1, time.monotonic()
    while left := [member for member in members if member.wanted is not None]:
        if ending := [m for m in left if m.wanted is not None and not m.wanted.iterations]:
            for member in ending:  # all have handed over what is to be kept
                member.hear(NONE)
            continue
        group, ahead = _behind(left)
        before, count = cohort, min(at_once, ahead)
        cohort = _cohort_of(group, before)
        begins, before = cohort is not before, None  # its graphs' memory is for the new one's
        begun = time.monotonic()
        losses = cohort.advance(count).cpu()
        since, told = told, time.monotonic()
        at_once = max(1, min(STEPS, int(REPORT_SECONDS * count / max(told - begun, 1e-9))))
        places = {trainer: at for at, trainer in enumerate(cohort.members)}
        for member in group:
            member.seconds += (told - since) / len(group)
            if not begins:
                seconds, iterations = member.steady
                member.steady = seconds + (told - since) / len(group), iterations + count
            member.hear(losses[:, places[member.trainer]])


def _behind(members: Sequence[Member]) -> tuple[list[Member], int]:
    """Those that have come least far, and for how many iterations they go on as they are."""
    first = min(member.trainer.step for member in members)
    group = [member for member in members if member.trainer.step == first]
    ends = [member.wanted.iterations for member in group if member.wanted is not None]
    meetings = [member.trainer.step - first for member in members if member not in group]
    return group, min(*ends, *meetings, STEPS)


def _cohort_of(group: Sequence[Member], before: Cohort | None) -> Cohort:
    """A cohort of these; as long as they are half of it or more, the one that there was."""
    trainers = [member.trainer for member in group]
    if before is None or len(before) > 2 * len(trainers) or not {*trainers} <= {*before.members}:
        # Those that are moved alike beside each other.
        return Cohort(sorted(trainers, key=lambda one: str(one.spec)))
    return before
