"""A sweep's trials on Ray Tune: who runs when is Tune's, what is trained and kept is the store's.

Tune is told each rung's objective and is given the little that it needs to go on: how many
iterations a trial has behind it, and under which settings. Its own state lies below `ray-state/`;
it is restored when the same sweep is run again, whatever ended the last one.

A worker that hangs or dies is found and its trial tried again; one that hangs before its trial has
begun is not noticed, and the sweep waits for it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ganray.distributed.cluster.connect  # noqa: F401  first: it sets Ray's environment

# Read by Tune when it is imported or starts: this command speaks for it.
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("TUNE_PRINT_ALL_TRIAL_ERRORS", "0")
os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", "5")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")

import pyarrow.fs  # isort: skip
import ray  # isort: skip
from ray import tune  # isort: skip
from ray.exceptions import RayError  # isort: skip

from ganray.distributed.cluster.watch import Watch
from ganray.distributed.scheduler.units import Bundle
from ganray.distributed.scheduler.waiting import amount
from ganray.distributed.tune.heartbeat import Sign, open_heartbeats
from ganray.distributed.tune.liveness import WAITING_TRIALS, TrialSupervisor
from ganray.distributed.tune.search import domains, optuna, scheduler
from ganray.distributed.tune.thread import TuneListener, fitted
from ganray.distributed.tune.trainable import trainable_of
from ganray.errors import StoreError
from ganray.process.waits import WAITS
from ganray.store import Store
from ganray.store.remote.filesystem import state_place
from ganray.sweeps.plan import SweepPlan
from ganray.sweeps.trials import Trial, read_trial, save_trial

STATE_FOLDER = "ray-state/sweeps"
_ANSWER_SECONDS = 10.0
_PENDING = 16  # trials that Tune makes at least before there is room for them


@dataclass
class TunedTrials:
    """The trials of a sweep that Tune runs.

    Args:
        say: hears one line for each piece of news.
        should_stop: asked once a second; all trials then make their checkpoints.
        meter: hears, a few times a second, how many CPUs and GPUs trials hold.
    """

    sweep: SweepPlan
    store: Store
    say: Callable[[str], None] = lambda _: None
    should_stop: Callable[[], bool] = lambda: False
    meter: Callable[[float, float], None] = lambda _, __: None

    def run(self, watch: Watch) -> list[Trial]:
        """Every trial, as it ended.

        Raises:
            Stopped: on request; all checkpoints and Tune's state are kept.
            HeadLost: the cluster died under the sweep, or was cut off from it.
        """
        grid = self._tune(watch)
        trials = grid._experiment_analysis.trials
        return self._numbered([self._ended(*both) for both in zip(grid, trials, strict=True)])

    def _tune(self, watch: Watch) -> tune.ResultGrid:
        files, folder = state_place(self.store.url, STATE_FOLDER)
        place = None if files is None else pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(files))
        name = f"{self.sweep.name}-{secrets.token_hex(4)}"
        register = open_heartbeats(name)
        trainable = tune.with_resources(
            trainable_of(self.sweep, self.store.url, name),
            {"CPU": self.sweep.resources.num_cpus, "GPU": self.sweep.resources.num_gpus},
        )
        path = f"{folder}/{self.sweep.name}"
        # A population is whole from the start: whom Tune has not made yet would not be waited for.
        os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(
            max(_PENDING, self.sweep.settings.sweep.count)
        )
        if self._restorable() and tune.Tuner.can_restore(path, storage_filesystem=place):
            self.say(f"{self.sweep.name}: going on with what Tune knows of it")
            tuner = tune.Tuner.restore(
                path, trainable, resume_errored=True, storage_filesystem=place
            )
        else:
            tuner = self._tuner(trainable, folder, place)
        try:
            return fitted(tuner, _Hearer(self, self._supervisor(watch, register)), watch.check)
        finally:
            WAITS.put(WAITING_TRIALS, {})

    def _supervisor(self, watch: Watch, register: Any) -> TrialSupervisor:
        def look(everyone: bool, nodes: frozenset[str]) -> dict[str, Sign]:
            try:
                return ray.get(register.look.remote(everyone, nodes), timeout=_ANSWER_SECONDS)
            except (RayError, TimeoutError):  # the next look may be answered
                return {}

        return TrialSupervisor(
            silence_seconds=self.sweep.resources.silence_seconds,
            look=look,
            leaving=lambda: [node.id for node in watch.view.nodes if node.draining],
            should_stop=self.should_stop,
            end=_end,
            say=self.say,
            needs=amount(Bundle(self.sweep.resources.num_cpus, self.sweep.resources.num_gpus)),
        )

    def _restorable(self) -> bool:
        """Whether Tune's newest account of its trials is whole; a kill may have cut it short.

        Without it all trials begin anew, and find what they had measured in the store.
        """
        files = self.store.list(f"{STATE_FOLDER}/{self.sweep.name}/")
        states = [path for path in files if path.rpartition("/")[2].startswith("experiment_state")]
        try:
            return bool(states) and bool(json.loads(self.store.get(max(states)) or b""))
        except ValueError:
            return False

    def _tuner(self, trainable: Any, folder: str, place: Any) -> tune.Tuner:
        sweep, settings = self.sweep, self.sweep.settings.sweep
        known = settings.search != "optuna"
        values: Any = tune.grid_search(sweep.settings.trials()) if known else domains(sweep)
        return tune.Tuner(
            trainable,
            param_space={"values": values},
            tune_config=tune.TuneConfig(
                metric="objective",
                mode="min" if sweep.settings.score.better == "lower" else "max",
                search_alg=None if known else optuna(self.sweep),
                scheduler=scheduler(self.sweep),
                num_samples=1 if known else settings.count,
                max_concurrent_trials=settings.concurrent,
                reuse_actors=True,
                trial_dirname_creator=_trial_name,
            ),
            run_config=tune.RunConfig(
                name=self.sweep.name,
                storage_path=folder,
                storage_filesystem=place,
                verbose=0,
                callbacks=[TuneListener()],
                failure_config=tune.FailureConfig(max_failures=self.sweep.resources.attempts - 1),
            ),
        )

    def _numbered(self, trials: list[Trial]) -> list[Trial]:
        """In the order of the sweep; a restored Tune has those first that were not finished."""
        known = self.sweep.settings.sweep.search != "optuna"
        ordered = sorted(trials, key=lambda one: (0.0 if known else one.begun, one.name))
        return [one.model_copy(update={"number": at}) for at, one in enumerate(ordered)]

    def _ended(self, result: Any, tuned: Any) -> Trial:
        """What became of one trial: its own record, and Tune's word for how it ended."""
        trial = read_trial(self.store, self.sweep.folder, tuned.trial_id)
        changes: dict[str, Any]
        if result.error is not None:
            changes = {"state": "failed", "why": trial.why or _death(result.error)}
        else:
            arrived = _arrived(trial, self.sweep)
            changes = {"state": "finished" if arrived else "stopped early", "why": ""}
        return trial.model_copy(update=changes)


@dataclass
class _Hearer:
    """Tells of the trials, and has them looked after."""

    tuned: TunedTrials
    supervisor: TrialSupervisor

    def looked(self, trials: list[Any]) -> None:
        resources = self.tuned.sweep.resources
        at_work = sum(trial.status == trial.RUNNING for trial in trials)
        self.tuned.meter(at_work * resources.num_cpus, at_work * resources.num_gpus)
        self.supervisor.look_after(trials)

    def heard(self, number: int, result: dict[str, Any]) -> None:
        sweep = self.tuned.sweep
        self.tuned.say(
            f"trial {number}: {result['iterations']} of {sweep.steps[-1]} iterations, "
            f"{sweep.settings.score.title} {result['objective']:.4g}"
        )

    def ended(self, name: str) -> None:
        """Write down whether it arrived, for those who look at the sweep while it runs."""
        store, sweep = self.tuned.store, self.tuned.sweep
        with contextlib.suppress(StoreError):  # at the end of the sweep it is written once more
            record = read_trial(store, sweep.folder, name)
            record.state = "finished" if _arrived(record, sweep) else "stopped early"
            save_trial(store, sweep.folder, record)

    def lost(self, number: int, name: str) -> None:
        record = read_trial(self.tuned.store, self.tuned.sweep.folder, name)
        self.tuned.say(f"trial {number}: failed: {record.why or 'its worker died'}")


def _arrived(trial: Trial, sweep: SweepPlan) -> bool:
    """Whether it reached the last rung."""
    return bool(trial.points) and trial.points[-1].iterations >= sweep.steps[-1]


def _end(actor: Any) -> None:
    with contextlib.suppress(RayError):  # it has died meanwhile
        ray.kill(actor)


def _death(error: BaseException) -> str:
    """A trial that could write nothing down any more."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"its worker died: {' '.join(lines[-1].split())[:300]}"


def _trial_name(trial: Any) -> str:
    return str(trial.trial_id)
