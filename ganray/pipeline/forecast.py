"""How long what is left of a study will take: a simulated schedule at the speeds seen so far."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Operations per second of one core, least and most. Small networks are slower, as what they cost is
# not their operations, and GPUs are faster; neither says anything of another kind's tasks.
_USUAL_OF_NETWORKS = (1e9, 2e10)
_USUAL = {"measure": (1e10, 4e10), "train": (1e9, math.inf), "encoder": (1e9, math.inf)}


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


@dataclass
class Pace:
    """Seconds of one worker for each unit of cost, by kind of task.

    What has no cost (it only moves data) counts as one unit of its kind.
    """

    seconds: dict[str, float]
    costs: dict[str, float]
    counted: dict[str, float]  # the part of `costs` that is floating-point operations

    @classmethod
    def of(cls, seen: Iterable[tuple[str, float, float]]) -> Pace:
        """From what was seen: (kind, operations or 0, seconds)."""
        pace = cls(defaultdict(float), defaultdict(float), defaultdict(float))
        for kind, flops, seconds in seen:
            pace.seconds[kind] += seconds
            pace.costs[kind] += flops or 1.0
            pace.counted[kind] += flops
        return pace

    def expected(self, kind: str, flops: float) -> float | None:
        """Seconds of one worker for such a task; None while nothing tells.

        A kind that was not seen yet is taken to run its operations as fast as the others did,
        within what is usual for it, and what has no operations as long as such tasks took.
        """
        if self.costs.get(kind):
            return self.seconds[kind] / self.costs[kind] * (flops or 1.0)
        alike = [k for k in self.costs if bool(self.counted[k]) == bool(flops)]
        costs, seconds = (sum(of[k] for k in alike) for of in (self.costs, self.seconds))
        if not flops:
            return seconds / costs if costs else (0.0 if self.costs else None)
        if not costs:
            return None
        least, most = _USUAL.get(kind, _USUAL_OF_NETWORKS)
        return flops / min(max(costs / max(seconds, 1e-9), least), most)
