"""A sweep's trials on Ray Tune: who runs when is Tune's, what is trained and kept is the store's.

Tune is told each rung's objective and is given the little that it needs to go on: how many
iterations a trial has behind it, and under which settings. Its own state lies below `ray-state/`;
it is restored when the same sweep is run again, whatever ended the last one.

Tune has a thread of its own: it asks the cluster's head many things, and would wait for one that
is lost until Ray ends the process. A worker that hangs before its trial has begun is not noticed.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, no_type_check

from ganray.distributed.cluster import connected  # first: it sets Ray's environment

# Read by Tune when it is imported or starts: this command speaks for it.
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("TUNE_PRINT_ALL_TRIAL_ERRORS", "0")
os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", "5")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")

import pyarrow.fs  # isort: skip
import ray  # isort: skip
from ray import tune  # isort: skip
import ray.tune.tune as engine  # isort: skip
from ray.exceptions import RayError  # isort: skip
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, PopulationBasedTraining  # isort: skip

from ganray.distributed import preflight
from ganray.distributed.presence import Sign, open_register, present
from ganray.distributed.runner import RayRunner
from ganray.distributed.shepherd import Shepherd
from ganray.distributed.supervisor import WAIT_SECONDS
from ganray.distributed.watch import Watch
from ganray.errors import GanrayError, Stopped
from ganray.metrics.score import better
from ganray.pipeline.agenda import Agenda
from ganray.pipeline.climbing import Climber, Memory
from ganray.pipeline.trials import Trial, read_trial, save_needs, save_trials
from ganray.pipeline.workspace import Event, open_store
from ganray.store import Store
from ganray.store.filesystem import state_place
from ganray.studies.sweep import SweepPlan
from ganray.studies.sweep_space import perturbed

STATE_FOLDER = "ray-state/sweeps"
_MEMORY = "trial.json"
_ANSWER_SECONDS = 10.0
_PENDING = 16  # trials that Tune makes at least before there is room for them


@dataclass
class SweepRunner:
    """Runs the trials of a sweep.

    Args:
        address: of a cluster; None starts a local one.
        tell: hears of the tasks that are prepared for all trials.
        say: hears one line for each piece of news.
        should_stop: asked once a second; all trials then make their checkpoints.
    """

    sweep: SweepPlan
    store: Store
    address: str | None = None
    tell: Callable[[Event], None] = lambda _: None
    say: Callable[[str], None] = lambda _: None
    should_stop: Callable[[], bool] = lambda: False
    trials: list[Any] = field(default_factory=list)
    """Tune's own objects."""
    interrupted: threading.Event = field(default_factory=threading.Event)

    def run(self) -> list[Trial]:
        """Every trial, as it ended; also written to the store.

        Raises:
            Stopped: on request; Tune's state and all checkpoints are kept.
            RefusedInput, StoreError: the cluster cannot run this.
            HeadLost: the cluster died under the sweep, or was cut off from it.
            GanrayError: what all trials need could not be made.
        """
        with connected(self.address):
            self._prepare()
            with Watch(may_grow=False) as watch:
                grid = self._tune(watch)
            trials = grid._experiment_analysis.trials
            ended = self._numbered([self._ended(*both) for both in zip(grid, trials, strict=True)])
        save_trials(self.store, self.sweep.folder, ended)
        return ended

    def _prepare(self) -> None:
        plan = self.sweep.preparation()
        save_needs(self.store, self.sweep.folder, [plan])
        agenda = Agenda.open(plan, self.store)
        values = self.sweep.settings.trials()[0]
        rung = self.sweep.rung(*self.sweep.settings.specs(values), self.sweep.steps[-1])
        own, stop = self.address is None, self.should_stop
        preflight.check(self.sweep.resources, agenda, own, rung.tasks, stop)
        if not agenda.complete:
            RayRunner(self.sweep.resources, self.address, self.tell, self.should_stop).run(agenda)
        if agenda.failed:
            raise GanrayError(next(iter(agenda.failed.values())))

    def _tune(self, watch: Watch) -> tune.ResultGrid:
        files, folder = state_place(self.store.url, STATE_FOLDER)
        place = None if files is None else pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(files))
        name = f"{self.sweep.name}-{secrets.token_hex(4)}"
        register = open_register(name)
        trainable = tune.with_resources(
            trainable_of(self.sweep, self.store.url, name),
            {"CPU": self.sweep.resources.num_cpus, "GPU": self.sweep.resources.num_gpus},
        )
        path = f"{folder}/{self.sweep.name}"
        # A population is whole from the start: whom Tune has not made yet would not be waited for.
        os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(
            max(_PENDING, self.sweep.settings.sweep.count)
        )
        with _listening(self, self._shepherd(watch, register)):
            if self._restorable() and tune.Tuner.can_restore(path, storage_filesystem=place):
                self.say(f"{self.sweep.name}: going on with what Tune knows of it")
                tuner = tune.Tuner.restore(
                    path, trainable, resume_errored=True, storage_filesystem=place
                )
            else:
                tuner = self._tuner(trainable, folder, place)
            with _interruptible() as interrupted:
                self.interrupted = interrupted
                grid = _beside(tuner.fit, watch.check)
        if interrupted.is_set():
            raise Stopped("stopped on request")
        return grid

    def _shepherd(self, watch: Watch, register: Any) -> Shepherd:
        def look(everyone: bool, nodes: frozenset[str]) -> dict[str, Sign]:
            try:
                return ray.get(register.look.remote(everyone, nodes), timeout=_ANSWER_SECONDS)
            except (RayError, TimeoutError):  # the next look may be answered
                return {}

        return Shepherd(
            silence_seconds=self.sweep.resources.silence_seconds,
            look=look,
            leaving=lambda: [node.id for node in watch.view.nodes if node.draining],
            should_stop=self.should_stop,
            end=ray.kill,
            say=lambda trial, why: self.say(f"trial {_number(trial, self.trials)}: {why}"),
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
        settings = self.sweep.settings.sweep
        known = settings.search != "optuna"
        values: Any = tune.grid_search(self.sweep.settings.trials()) if known else _domains(self)
        return tune.Tuner(
            trainable,
            param_space={"values": values},
            tune_config=tune.TuneConfig(
                metric="objective",
                mode="min" if better(settings.metric) == "lower" else "max",
                search_alg=None if known else _optuna(self.sweep.settings.seed),
                scheduler=_scheduler(self.sweep),
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
                callbacks=[_Listener()],
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
        reached = trial.points[-1].iterations if trial.points else 0
        changes: dict[str, Any]
        if result.error is not None:
            changes = {"state": "failed", "why": trial.why or _death(result.error)}
        else:
            arrived = reached >= self.sweep.steps[-1]
            changes = {"state": "finished" if arrived else "stopped early", "why": ""}
        return trial.model_copy(update=changes)

    def heard(self, number: int, result: dict[str, Any]) -> None:
        """A trial has climbed a rung."""
        metric = self.sweep.settings.sweep.metric
        self.say(
            f"trial {number}: {result['iterations']} of {self.sweep.steps[-1]} iterations, "
            f"{metric} {result['objective']:.4g}"
        )

    def lost(self, number: int, name: str) -> None:
        """A trial has failed for good."""
        record = read_trial(self.store, self.sweep.folder, name)
        self.say(f"trial {number}: failed: {record.why or 'its worker died'}")


def trainable_of(
    sweep: SweepPlan, store_url: str, register: str
) -> Callable[[dict[str, Any]], None]:
    """The function that Tune calls for each trial, in a worker.

    Args:
        register: the name of the one where trials say that they live.
    """

    @no_type_check
    def trial(config):
        with present(register) as presence:

            def report(step, objective, memory):
                with presence.waiting():
                    _report(step, objective, memory)

            name = tune.get_context().get_trial_id()
            climber = Climber(sweep, open_store(store_url), name, report, lambda: presence.asked)
            try:
                climber.run(config["values"], _memory())
            except Stopped:
                presence.leave()

    return trial


def _report(step: int, objective: float, memory: Memory) -> None:
    """Tell Tune of a rung."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, _MEMORY).write_text(json.dumps(memory))
        tune.report(
            {"iterations": step, "objective": objective},
            checkpoint=tune.Checkpoint.from_directory(folder),
        )


def _memory() -> Memory:
    """What Tune kept of this trial, or of the one that it takes over; empty at its beginning."""
    kept = tune.get_checkpoint()
    if kept is None:
        return {}
    with kept.as_directory() as folder:
        return dict(json.loads(Path(folder, _MEMORY).read_text()))


def _death(error: BaseException) -> str:
    """A trial that could write nothing down any more."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"its worker died: {' '.join(lines[-1].split())[:300]}"


def _scheduler(sweep: SweepPlan) -> Any:
    settings, steps = sweep.settings.sweep, sweep.steps
    if settings.scheduler == "asha":
        return ASHAScheduler(
            time_attr="iterations",
            max_t=steps[-1] + 1,  # a trial that arrives ends by itself
            grace_period=steps[0],
            reduction_factor=settings.reduction,
        )
    if settings.scheduler == "pbt":
        return PopulationBasedTraining(
            time_attr="iterations",
            perturbation_interval=steps[0],
            hyperparam_mutations={},
            custom_explore_fn=_Explorer(sweep),
            log_config=False,
            synch=True,
        )
    return FIFOScheduler()


@dataclass
class _Explorer:
    """Population-based training's next settings; Tune keeps its count in its own state."""

    sweep: SweepPlan
    count: int = 0

    def __call__(self, config: dict[str, Any]) -> dict[str, Any]:
        settings = self.sweep.settings
        self.count += 1
        values = perturbed(settings.sweep.over, config["values"], settings.seed, self.count)
        return config | {"values": values}


def _optuna(seed: int) -> Any:
    from ray.tune.search.optuna import OptunaSearch

    return OptunaSearch(seed=seed % 2**32)


def _domains(runner: SweepRunner) -> dict[str, Any]:
    """The space as Tune writes it, for its searchers."""
    return {path: _domain(one) for path, one in runner.sweep.settings.sweep.over.items()}


def _domain(domain: Any) -> Any:
    if domain.log_uniform:
        return tune.loguniform(*domain.log_uniform)
    if domain.uniform:
        return tune.uniform(*domain.uniform)
    if domain.integers:
        low, high = domain.integers
        return tune.randint(low, high + 1)
    return tune.choice(domain.listed)


def _trial_name(trial: Any) -> str:
    return str(trial.trial_id)


def _beside(work: Callable[[], Any], check: Callable[[], None]) -> Any:
    """What `work` comes to, in a thread of its own, while `check` is asked; either may raise."""
    outcome: Future[Any] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, name="ganray-tune", daemon=True).start()
    while not wait([outcome], WAIT_SECONDS).done:
        check()
    return outcome.result()


@contextlib.contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """An event at which Tune writes down its state, ends its trials, and then itself.

    Its own is set by a signal, for which it would have to have the main thread.
    """
    event, before = threading.Event(), engine._setup_signal_catching
    engine._setup_signal_catching = lambda: event
    try:
        yield event
    finally:
        engine._setup_signal_catching = before


# Tune writes its callbacks to disk; who listens is no part of them.
_SPEAKER: list[tuple[SweepRunner, Shepherd]] = []


@contextlib.contextmanager
def _listening(runner: SweepRunner, shepherd: Shepherd) -> Iterator[None]:
    """For as long as it lasts, `_Listener` speaks to these."""
    _SPEAKER.append((runner, shepherd))
    try:
        yield
    finally:
        _SPEAKER.remove((runner, shepherd))


class _Listener(tune.Callback):
    """Hands on what happens, and has trials looked after."""

    def on_step_begin(self, **news: Any) -> None:
        """A few times a second."""
        if _SPEAKER:
            runner, shepherd = _SPEAKER[-1]
            runner.trials = news["trials"]
            try:
                shepherd.look_after(runner.trials)
            except Stopped:
                runner.interrupted.set()

    def on_trial_result(self, **news: Any) -> None:
        """A rung."""
        if _SPEAKER:
            _SPEAKER[-1][0].heard(_number(**news), news["result"])

    def on_trial_error(self, **news: Any) -> None:
        """An end."""
        if _SPEAKER:
            _SPEAKER[-1][0].lost(_number(**news), news["trial"].trial_id)


def _number(trial: Any, trials: list[Any], **_: Any) -> int:
    """Tune numbers the trials of a list; a searcher's have names alone."""
    end = trial.trial_id.rpartition("_")[2]
    return int(end) if "_" in trial.trial_id else trials.index(trial)
