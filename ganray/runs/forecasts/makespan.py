"""How long what is left of a study will take: a simulated schedule at the speeds seen so far."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

# Operations per second of one core, least and most. Small networks are slower, as what they cost is
# not their operations, and GPUs are faster; neither says anything of another kind's tasks.
_USUAL_OF_NETWORKS = (1e9, 2e10)
_USUAL = {
    "measure": (1e10, 2e10),
    "train": (1e9, math.inf),
    "encoder": (1e10, math.inf),
    "embed": (1e10, 2e10),
}
_LARGE = ("encoder", "embed", "measure")  # what they multiply is large; of GANs it may be small
# Seconds of a task that are not its operations: before one has ended, and at most.
_OVERHEAD, _MOST_OVERHEAD = 0.5, 1.0


@dataclass(frozen=True)
class Piece:
    """What is left of one task.

    Args:
        needs: the positions, in the same list, of the pieces that must come first.
        seconds: of one worker; a piece that is not sharded cannot be shared out.
        width: how many workers could share it.
    """

    needs: tuple[int, ...]
    seconds: float
    width: int = 1


def makespan(pieces: Sequence[Piece], workers: int) -> float:
    """Seconds until all pieces are done when each free worker takes the next that is ready.

    Pieces are taken in their order, as the runners take a plan's tasks.

    Args:
        workers: at least 1.
    """
    missing = [len(piece.needs) for piece in pieces]
    dependents: dict[int, list[int]] = defaultdict(list)
    for index, piece in enumerate(pieces):
        for need in piece.needs:
            dependents[need].append(index)
    ready = [index for index, count in enumerate(missing) if not count]
    running: list[tuple[float, int, int]] = []
    now, free = 0.0, workers
    while ready or running:
        while ready and free:
            index = heapq.heappop(ready)
            taken = min(pieces[index].width, free)
            free -= taken
            heapq.heappush(running, (now + pieces[index].seconds / taken, index, taken))
        now, index, taken = heapq.heappop(running)
        free += taken
        for other in dependents[index]:
            missing[other] -= 1
            if not missing[other]:
                heapq.heappush(ready, other)
    return now


@dataclass(frozen=True)
class Seen:
    """What one task has shown of its kind's speed.

    Args:
        flops: the operations that were done, or 0 where a kind only moves data.
        seconds: of one worker, that they took.
        whole: whether that is a task from its beginning to its end.
    """

    kind: str
    flops: float
    seconds: float
    whole: bool = True


@dataclass
class Pace:
    """What tasks of each kind take of one worker: so much each, and so much for each operation.

    Args:
        speed: operations per second of networks, where that is known before any task was seen.
    """

    seen: Sequence[Seen]
    speed: float | None = None

    def __post_init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)
        self._flops: dict[str, float] = defaultdict(float)
        self._tasks: dict[str, int] = defaultdict(int)
        ended = [one.seconds for one in self.seen if one.whole]
        self.overhead = min([_MOST_OVERHEAD, *ended]) if ended else _OVERHEAD
        """Seconds that a task takes whatever it does: nothing that has ended took less."""
        for one in self.seen:
            self._seconds[one.kind] += one.seconds
            self._flops[one.kind] += one.flops
            self._tasks[one.kind] += one.whole

    def knows(self, kind: str) -> bool:
        """Whether such a task was seen."""
        return kind in self._seconds

    def expected(self, kind: str, flops: float) -> float | None:
        """Seconds of one worker for such a task; None while nothing tells.

        A kind that was not seen yet is taken to run its operations as fast as the others did,
        within what is usual for it.
        """
        if not flops:
            return self._moving(kind)
        if self._flops.get(kind):
            return self.overhead + flops * self._each(kind)
        others = self._others(kind)
        speed = self._speed_of(others) if others else self.speed
        if speed is None:
            return None
        least, most = _USUAL.get(kind, _USUAL_OF_NETWORKS)
        if kind in _LARGE and set(others) <= set(_LARGE) and others:
            least = 0.0  # they tell how slow this machine is, and no overhead of small networks
        return self.overhead + flops / min(max(speed, least), most)

    def _moving(self, kind: str) -> float | None:
        """What only moves data takes as long as such tasks took."""
        if self._tasks.get(kind):
            return self._seconds[kind] / self._tasks[kind]
        return self.overhead if self.seen or self.speed else None

    def _each(self, kind: str) -> float:
        """Seconds of one operation of a kind that was seen."""
        begun = self._tasks[kind] * self.overhead
        return max(0.0, self._seconds[kind] - begun) / self._flops[kind]

    def _others(self, kind: str) -> list[str]:
        """The kinds that were seen and are like this one; if there are none, all that were seen."""
        seen = [other for other, flops in self._flops.items() if flops]
        return [other for other in seen if (other in _LARGE) == (kind in _LARGE)] or seen

    def _speed_of(self, kinds: Sequence[str]) -> float:
        seconds = sum(self._each(kind) * self._flops[kind] for kind in kinds)
        return sum(self._flops[kind] for kind in kinds) / max(seconds, 1e-9)
