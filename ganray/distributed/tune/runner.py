"""A sweep's trials on Ray: by Tune, or by the runner of studies where they share cohorts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ganray.distributed.cluster.connect import connected  # first: it sets Ray's environment

from ganray.distributed.checks import preflight  # isort: skip
from ganray.distributed.checks.probes import time_on_workers, trainers_at_once  # isort: skip
from ganray.distributed.cluster.watch import Watch  # isort: skip
from ganray.distributed.runner import RayRunner  # isort: skip
from ganray.cost.probes import Timing
from ganray.errors import GanrayError
from ganray.runs.agenda import Agenda
from ganray.store import Store
from ganray.sweeps.needs import save_needs
from ganray.sweeps.plan import SweepPlan
from ganray.sweeps.shared.together import SharedTrials, shares_runner
from ganray.sweeps.trials import Trial, save_trials


@dataclass
class SweepRunner:
    """Runs the trials of a sweep.

    Args:
        address: of a cluster; None starts a local one.
        say: hears one line for each piece of news.
        should_stop: asked once a second; all trials then make their checkpoints.
        meter: hears, a few times a second, how many CPUs and GPUs trials hold.
        approve: hears how fast workers are and how many trials there may be at once, before any
            begins; it may refuse the sweep. None: nothing is timed.
    """

    sweep: SweepPlan
    store: Store
    address: str | None = None
    say: Callable[[str], None] = lambda _: None
    should_stop: Callable[[], bool] = lambda: False
    meter: Callable[[float, float], None] = lambda _, __: None
    approve: Callable[[dict[str, Timing], int], None] | None = None

    def run(self) -> list[Trial]:
        """Every trial, as it ended; also written to the store.

        Raises:
            Stopped: on request; all checkpoints are kept, and Tune's state where it has one.
            RefusedInput, StoreError: the cluster cannot run this.
            HeadLost: the cluster died under the sweep, or was cut off from it.
            GanrayError: what all trials need could not be made.
        """
        with connected(self.address):
            self._prepare()
            ended = self._shared() if shares_runner(self.sweep) else self._tuned()
        save_trials(self.store, self.sweep.folder, ended)
        return ended

    def _shared(self) -> list[Trial]:
        """All trials by the runner of studies, which forms cohorts."""
        return SharedTrials(self.sweep, self.store, self._runner().run_each, self.say).run()

    def _runner(self) -> RayRunner:
        resources, stop, meter = self.sweep.resources, self.should_stop, self.meter
        return RayRunner(resources, self.address, should_stop=stop, meter=meter)

    def _tuned(self) -> list[Trial]:
        """All trials by Tune, which takes a while to import."""
        from ganray.distributed.tune.tuned import TunedTrials

        tuned = TunedTrials(self.sweep, self.store, self.say, self.should_stop, self.meter)
        with Watch(may_grow=False) as watch:
            return tuned.run(watch)

    def _prepare(self) -> None:
        plan = self.sweep.preparation()
        save_needs(self.store, self.sweep.folder, [plan])
        agenda = Agenda.open(plan, self.store)
        values = self.sweep.settings.trials()[0]
        rung = self.sweep.rung(*self.sweep.settings.specs(values), self.sweep.steps[-1])
        own, stop = self.address is None, self.should_stop
        resources = self.sweep.resources
        preflight.check(resources, agenda, own, rung.tasks, stop, self._largest())
        if self.approve is not None:
            self.approve(time_on_workers(rung, resources, stop), trainers_at_once(resources, False))
        if not agenda.complete:
            self._runner().run(agenda)
        if agenda.failed:
            raise GanrayError(next(iter(agenda.failed.values())))

    def _largest(self) -> Agenda:
        """The trials that may need the most memory, as if nothing of them were there."""
        return Agenda(self.sweep.largest(), self.store)
