"""RayRunner: a plan's ready tasks on a cluster, supervised, resubmitted when their worker dies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ganray.distributed.cluster.connect import connected  # first: it sets Ray's environment

from ganray.distributed.checks import preflight  # isort: skip
from ganray.distributed.prometheus import published  # isort: skip
from ganray.distributed.scheduler.ear import Ear  # isort: skip
from ganray.distributed.scheduler.pool import Pool  # isort: skip
from ganray.distributed.scheduler.supervisor import Supervisor  # isort: skip
from ganray.distributed.checks.probes import time_on_workers, trainers_at_once  # isort: skip
from ganray.distributed.cluster.watch import Watch  # isort: skip
from ganray.cost.probes import Timing
from ganray.plan import Resources
from ganray.runs.agenda import Agenda
from ganray.runs.progress.board import Board
from ganray.runs.progress.events import Event


@dataclass
class RayRunner:
    """Runs what an agenda still holds, on Ray.

    Args:
        address: of a cluster; None starts a local one.
        tell: hears of every event, from this thread.
        should_stop: asked a few times a second; trainers then make a checkpoint and end.
        approve: hears, before any work, how fast workers are and how many trainers there may be at
            once; it may refuse the run. None: nothing is timed.
        board: what `tell` feeds already, for the metrics.
        meter: hears, as often, how many CPUs and GPUs are held by workers that have work.
    """

    resources: Resources
    address: str | None = None
    tell: Callable[[Event], None] = lambda _: None
    should_stop: Callable[[], bool] = lambda: False
    meter: Callable[[float, float], None] = lambda _, __: None
    approve: Callable[[dict[str, Timing], int], None] | None = None
    board: Board | None = None

    def run(self, agenda: Agenda) -> None:
        """Finish or fail every pending task; a failure stops only what depends on it.

        Raises:
            Stopped: on request, when all trainers have made their checkpoints.
            RefusedInput, StoreError: the cluster cannot run this; see `preflight.check`.
            HeadLost: the cluster died under the run, or was cut off from it.
        """
        with connected(self.address):
            may_grow, stop = self.address is not None, self.should_stop
            preflight.check(self.resources, agenda, own=not may_grow, should_stop=stop)
            if self.approve is not None:
                timings = time_on_workers(agenda.plan, self.resources, stop)
                self.approve(timings, trainers_at_once(self.resources, may_grow))
            self.run_each([(agenda, self.tell)])

    def run_each(self, stages: Iterable[tuple[Agenda, Callable[[Event], None]]]) -> None:
        """The same of one agenda after another, each with who hears of its events, by workers that
        stay; one is asked for when that before it is done. Nothing is checked first.

        Raises:
            Stopped, StoreError, HeadLost: as `run`.
        """
        pool, ear = Pool(), Ear()  # whoever is asked for in one stage may come in the next
        with connected(self.address), Watch(may_grow=self.address is not None) as watch:
            try:
                for agenda, tell in stages:
                    with published(agenda, tell, self.board) as told:
                        self._supervisor(agenda, watch, told, pool, ear).run()
            finally:
                pool.close()
                ear.close()

    def _supervisor(
        self, agenda: Agenda, watch: Watch, tell: Callable[[Event], None], pool: Pool, ear: Ear
    ) -> Supervisor:
        return Supervisor(
            *(agenda, self.resources, watch, tell, self.should_stop, self.meter),
            pool=pool,
            ear=ear,
            keeps=True,
        )
