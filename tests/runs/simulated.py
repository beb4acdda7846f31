"""A cluster that is not there: it runs a plan in simulated time and sends the runners' events."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ganray.plan import Plan, Task
from ganray.runs.progress.events import Event


def task(kind: str, name: str, *inputs: Task, chunks: int = 0, horizon: int | None = None) -> Task:
    """A task with the fields that a board looks at."""
    return Task(
        kind=kind,
        title=f"{kind} {name}",
        key=f"{kind}{name}",
        parameters={},
        inputs={str(number): one.address for number, one in enumerate(inputs)},
        horizon=horizon,
        chunks=chunks,
    )


def plan_of(*tasks: Task) -> Plan:
    """A plan of them."""
    return Plan(name="p", study="s", settings={}, tasks=tasks, roles={}, dataset={})


def study_of(gans: int, iterations: int = 100) -> Plan:
    """Data, GANs, a sample set of ten chunks of each and its measurement."""
    data = task("data", "d")
    tasks = [data]
    for number in range(gans):
        gan = task("train", str(number), data, horizon=iterations)
        drawn = task("sample", str(number), gan, chunks=10, horizon=100)
        tasks += [gan, drawn, task("measure", str(number), drawn)]
    return plan_of(*tasks)


def whole_study(gans: int, searches: int = 2) -> Plan:
    """Every stage of a study: its last GAN is the joint one, the first ones are searched."""
    data = task("data", "d")
    trained = [task("train", str(number), data, horizon=100) for number in range(gans)]
    encoder, targets = task("encoder", "e", data), task("targets", "t", data)
    found = [task("search", str(n), trained[n], targets, chunks=9) for n in range(searches)]
    real = [task("embed", name, data, encoder, chunks=4) for name in ("reference", "held out")]
    drawn = [task("sample", str(n), gan, chunks=4) for n, gan in enumerate(trained)]
    sets = [task("embed", str(n), one, encoder, chunks=4) for n, one in enumerate(drawn)]
    floor = task("measure", "floor", *real)
    joint = task("measure", "joint", real[0], sets[-1], floor)
    marginal = task("measure", "marginal", real[0], *sets[:-1], floor)
    cards = [task("card", str(n), gan, joint, marginal) for n, gan in enumerate(trained)]
    return plan_of(data, *trained, encoder, targets, *found, *real, *drawn, *sets, floor, joint,
                   marginal, *cards)  # fmt: skip


def news(one: Task, done: int = 0, total: int = 0, **details: Any) -> Event:
    """What is told of a task."""
    return Event(one.address, one.kind, done, total, details)


@dataclass
class Simulated:
    """`workers` of them, each taking the next shard or task that is ready, in the plan's order.

    Args:
        seconds: of one worker, by task; those of a sharded task are spread over its chunks.
    """

    plan: Plan
    workers: int
    seconds: Callable[[Task], float]
    tell: Callable[[Event], None] = lambda _: None
    now: float = 0.0
    _agenda: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _finished: set[str] = field(default_factory=set)
    _begun: set[str] = field(default_factory=set)
    _queue: list[tuple[Task, range | None]] = field(default_factory=list)
    _chunks: Counter[str] = field(default_factory=Counter)
    _free: int = 0
    _count: int = 0

    def run(self, look: Callable[[float], None], every: float) -> float:
        """Run to the end, calling `look(now)` at each multiple of `every`; the end's time."""
        self._free, next_look = self.workers, every
        self._start()
        while self._agenda:
            when, _, act = heapq.heappop(self._agenda)
            while next_look < when:
                self.now = next_look
                look(next_look)
                next_look += every
            self.now = when
            act()
            self._start()
        return self.now

    def _at(self, when: float, act: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._agenda, (when, self._count, act))

    def _say(self, one: Task, done: int = 0, total: int = 0, **details: Any) -> None:
        self.tell(news(one, done, total, **details))

    def _start(self) -> None:
        for one in self.plan.tasks:
            ready = all(address in self._finished for address in one.inputs.values())
            if ready and one.address not in self._begun:
                self._begun.add(one.address)
                self._say(one, queued=True)
                self._queue += [(one, shard) for shard in one.shards] or [(one, None)]
        while self._queue and self._free:
            self._free -= 1
            one, shard = self._queue.pop(0)
            self._say(one, host=f"host-{self._free}", node="n")
            each = self.seconds(one) / max(1, one.chunks)
            seconds = each * (len(shard) if shard else 1)
            if one.trains:
                self._progress(one, seconds)
            for place, chunk in enumerate(shard or (), 1):
                self._at(
                    self.now + place * each,
                    lambda one=one, chunk=chunk: self._say(one, 1, one.chunks, chunk=chunk),
                )
            self._at(self.now + seconds, lambda one=one, shard=shard: self._end(one, shard))

    def _progress(self, one: Task, seconds: float) -> None:
        steps = one.horizon or 1
        for tenth in range(1, 10):
            self._at(
                self.now + seconds * tenth / 10,
                lambda tenth=tenth: self._say(
                    one,
                    steps * tenth // 10,
                    steps,
                    images_per_second=10.0,
                    seconds_left=seconds * (10 - tenth) / 10,
                    critic_loss=-1.0,
                    generator_loss=2.0,
                ),
            )

    def _end(self, one: Task, shard: range | None) -> None:
        self._free += 1
        if shard is not None:
            self._say(one, outcome="done")
            self._chunks[one.address] += len(shard)
            if self._chunks[one.address] < one.chunks:
                return
        self._say(one, 1, 1, finished=True)
        self._say(one, outcome="done")
        self._finished.add(one.address)
