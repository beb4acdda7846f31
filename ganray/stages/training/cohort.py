"""GANs of equal shape trained together, each with its own log, checkpoints and artifact, as alone.

Runners form cohorts; no plan knows of them. A cohort that the device cannot hold is halved, and one
that cannot be trained for any other reason is parted: its members go on from their checkpoints.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from ganray.errors import Stopped, StoreError
from ganray.plan import Task
from ganray.process.numerics import threads
from ganray.runs.forecasts.measured import CohortSpeed, keep_speed
from ganray.stages.log import TaskLog, shared_logs
from ganray.stages.remedies import explain
from ganray.stages.training.cohort_room import (
    UNKNOWN,
    Held,
    Needs,
    at_once,
    keep_held,
    known_memory,
    room,
)
from ganray.stages.training.train import train_gan, training
from ganray.stages.workspace import Workspace
from ganray.store import Manifest, Store
from ganray.train.cohorts.products.races import forget_met, met, met_in_words
from ganray.train.cohorts.together import Member, run_together
from ganray.train.device import device_name

_SETTLED = 3
"""Iterations after a cohort's first, as `graphs` captures what is done for the fourth time."""


@dataclass(frozen=True)
class Joining:
    """A task that is trained together with others.

    Attributes:
        workspace: made when the task begins, one of so many.
        ended: hears what it has ended of, or None and what it has come to.
        needs: what it takes of the device.
    """

    task: Task
    workspace: Callable[[TaskLog, int], Workspace]
    ended: Callable[[Exception | None, Manifest | None], None]
    needs: Needs = UNKNOWN


def run_cohort(
    joining: Sequence[Joining], store: Store, device: str, share: float = 1.0, prints: bool = False
) -> None:
    """Do tasks together, as many at once as memory allows; how each ends is told to it alone.

    Args:
        share: of the device that they may take, in (0, 1].
        prints: as of `TaskLog`.
    """
    waiting, free = list(joining), room(device, share)
    while waiting:
        first = waiting[0]
        known = known_memory(store, first.task, first.needs.shape, device)
        some = waiting[: at_once([one.needs for one in waiting], free, known)]
        waiting = waiting[len(some) :]
        if _run(some, store, device, prints):
            for one in waiting:
                one.ended(Stopped(f"{one.task.title} was stopped before it began"), None)
            return


def _run(joining: Sequence[Joining], store: Store, device: str, prints: bool) -> bool:
    """Whether they were stopped."""
    stopped = False
    tasks = [one.task for one in joining]
    with threads(tasks[0].threads), shared_logs(store, tasks, device, prints) as logs:
        known = {one.task.address: (one, log) for one, log in zip(joining, logs, strict=True)}

        def over(task: Task, error: Exception | None, made: Manifest | None) -> None:
            nonlocal stopped
            stopped = stopped or isinstance(error, Stopped)
            one, log = known[task.address]
            for line in met_in_words():
                log.add(line)
            log.end(error)
            one.ended(error, made)

        works = []
        for one, log in known.values():
            try:
                works.append(one.workspace(log, len(joining)))
            except Exception as error:
                over(one.task, error, None)
        train_cohort(works, lambda work, error: over(work.task, error, work.made))
    return stopped


def train_cohort(
    works: Sequence[Workspace], ended: Callable[[Workspace, Exception | None], None]
) -> None:
    """`train_gan` of several at once.

    Args:
        ended: hears of each when it has committed its artifact (None), or what it has ended of.
    """
    left = {work.task.address: work for work in works}

    def over(work: Workspace, error: Exception | None) -> None:
        del left[work.task.address]
        if error is None:
            work.report(1, 1, finished=True)
        ended(work, error)

    why = _failed(works, over)
    _let_go()
    rest = list(left.values())
    for work in rest:
        work.report(0, 0, warning=why.told)
    if why.halved and len(rest) > 1:
        middle = (len(rest) + 1) // 2
        train_cohort(rest[:middle], ended)
        train_cohort(rest[middle:], ended)
    else:
        for work in rest:
            _train_alone(work, over)


def _let_go() -> None:
    """Free what members of earlier cohorts had on the device."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


@dataclass(frozen=True)
class _Failure:
    """Why members of a cohort are left; it holds nothing of what was on the device."""

    told: str = ""
    halved: bool = False


def _failed(
    works: Sequence[Workspace], over: Callable[[Workspace, Exception | None], None]
) -> _Failure:
    """Train them together; why that came to nothing, if it did."""
    members: list[Member] = []
    held = Held(works[0].device) if works else None
    forget_met()

    def record() -> dict[str, Any]:
        found: dict[str, Any] = {"cohort": len(works)}
        if forms := met():
            found["products"] = forms
        if most := held and held.most():
            found["device_bytes"] = most // len(works)
        return found

    for work in works:
        member = Member(partial(over, work))
        member.course = training(work, member.clock, record)
        members.append(member)
    try:
        run_together(members)
    except Exception as error:
        halved = isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error)
        then = "is halved" if halved and len(works) > 1 else "is parted"
        return _Failure(f"the cohort of {len(works)} {then}: {explain(error)}", halved)
    if (most := held and held.most()) and settled(members):
        made = [work.made for work in works if work.made]
        keep_held(works[0].store, works[0].task, made, len(works), most, works[0].device)
    _keep_speed(works, members)
    return _Failure()


def settled(members: Sequence[Member]) -> bool:
    """Whether all were together, and for so long that races were held and steps captured: until
    then a device holds less than it will."""
    return min(iterations for _, iterations in (one.steady for one in members)) >= _SETTLED


def _keep_speed(works: Sequence[Workspace], members: Sequence[Member]) -> None:
    """Write down how fast they were, where all were together from the first iteration on."""
    made, steady = [work.made for work in works], {member.steady for member in members}
    seconds, iterations = max(steady, default=(0.0, 0))
    if len(steady) > 1 or not iterations or not all(made) or made[0] is None:
        return
    device, shape = made[0].record["device"], made[0].result["shape"]
    speed = CohortSpeed(members=len(members), iterations=iterations, seconds=seconds / iterations,
                        device_name=device_name(device))  # fmt: skip
    with contextlib.suppress(StoreError):  # nobody's training fails of it
        keep_speed(works[0].store, shape, works[0].task, device, speed)


def _train_alone(work: Workspace, over: Callable[[Workspace, Exception | None], None]) -> None:
    try:
        train_gan(work)
    except Exception as error:
        over(work, error)
    else:
        over(work, None)
