"""One GAN trained by several workers together, on Ray Train: ranks that live and die as one.

Ray Train places the ranks, starts all of them again when one dies, and knows nothing else: state,
checkpoints and the artifact are the store's, as those of every trainer. What the ranks tell goes
over a `Line`, an actor that also carries the wish to stop.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, no_type_check

from ganray.distributed.cluster.connect import connected  # noqa: F401  first: it sets Ray's environment

import ray  # isort: skip
from fsspec.implementations.memory import MemoryFileSystem
from pyarrow.fs import FSSpecHandler, PyFileSystem
from ray.exceptions import RayError
from ray.train import FailureConfig, RunConfig, ScalingConfig, UserCallback
from ray.train.torch import TorchTrainer
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ganray.distributed.joint.rank import Channel, failed, train_rank
from ganray.distributed.joint.rendezvous import OwnInterface
from ganray.distributed.worker.assignment import Assignment
from ganray.distributed.worker.deaths import Circumstances, explain_death
from ganray.errors import GanrayError
from ganray.plan import Resources
from ganray.runs.progress.events import Event
from ganray.train.parallel import LostRank

_POLL_SECONDS = 0.25
_START_SECONDS = 300.0  # Ray Train itself would wait for ever for workers that find no room
_TELL_SECONDS = 10.0
_END_SECONDS = 60.0
_COLLECTIVE_SECONDS = 900  # the others wait while the first rank writes a checkpoint
_TRAIN_SETTINGS = {
    # By default 60 s, after which it begins anew: on a busy machine ranks would never all begin.
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": f"{_START_SECONDS:g}",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",  # by default a death is seen after 2 s
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",  # the runner looks after nodes that drain
    "RAY_TRAIN_METRICS_ENABLED": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
}


@ray.remote(max_restarts=0, max_concurrency=2, num_cpus=0)
@no_type_check  # Ray must see a class and a generator, and no wrapper that checks their types
class JointTrainer:
    """The `Worker` of several ranks: it does the work on other workers, and answers alike."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def train(self, assignment: Assignment, resources: Resources) -> Iterator[list[Event]]:
        """Stream what happens; after `stop`, a checkpoint is made first."""
        for event in stream_together(assignment, resources, self._stop.is_set):
            yield [event]

    def stop(self) -> None:
        """Ask all ranks to end after the same iteration."""
        self._stop.set()


def stream_together(
    assignment: Assignment, resources: Resources, should_stop: Callable[[], bool]
) -> Iterator[Event]:
    """The events of the first rank, the last of which says `outcome` in its details.

    It takes `resources.num_cpus` CPUs and `resources.num_gpus` GPUs for each rank, all at once,
    and nothing else: Ray Train's controller and the channel run on no CPU. May be called from any
    thread of a driver or actor; the end of that process is the end of all ranks.

    When that is out, Ray Train may still need some seconds to end its workers. Each time that all
    ranks have begun, the event with the first one's host also names the `nodes` of all.

    Raises:
        RanksNotStarted: they found no room for long; nothing is lost, and it may be tried again.
    """
    for name, value in _TRAIN_SETTINGS.items():
        os.environ.setdefault(name, value)
    channel: Any = Channel.options(scheduling_strategy=beside_caller()).remote()  # type: ignore[attr-defined]
    ranks = _RankStates(assignment, resources)
    fit = _Fit(_trainer(assignment, resources, channel))
    while True:
        ended, stopping = fit.done.wait(_POLL_SECONDS), should_stop()
        yield from ranks.waiting()
        if stopping and not ranks.complete:  # nothing has been done since the last checkpoint
            ray.get(channel.tell.remote([ranks.stopped()]))
        for event in ray.get(channel.hear.remote(stopping)):
            if told := ranks.read(event):
                yield told
                if "outcome" in told.details:
                    fit.done.wait(_END_SECONDS)
                    return
        if ended:
            yield ranks.lost(fit.error)
            return
        ranks.refuse_to_wait()


def beside_caller() -> NodeAffinitySchedulingStrategy:
    """On this process's node: what only passes on is lost with whoever needs it, and not before."""
    return NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)


class RanksNotStarted(GanrayError):
    """The ranks did not all begin: the cluster has lost nodes, or others hold them."""


class _RankStates:
    """Where the ranks are, since when they are awaited, and how often they have died."""

    def __init__(self, assignment: Assignment, resources: Resources) -> None:
        self._assignment, self._resources = assignment, resources
        self._places: dict[int, tuple[str, str]] = {}
        self._deaths, self._told = 0, -float("inf")
        self._since = time.monotonic()

    @property
    def complete(self) -> bool:
        """Whether all ranks have begun, and none has died since."""
        return len(self._places) == self._assignment.task.ranks

    def waiting(self) -> Iterator[Event]:
        """Now and then, while the ranks are awaited, news that this is so."""
        if not self.complete and time.monotonic() - self._told > _TELL_SECONDS:
            self._told = time.monotonic()
            yield self._assignment.event(queued=True)

    def stopped(self) -> Event:
        """The last event when a stop is asked for before all ranks have begun."""
        why = f"{self._title} stopped before its {self._ranks} ranks had begun"
        return self._assignment.event(outcome="stopped", why=why)

    def read(self, event: Event) -> Event | None:
        """Take note of what concerns the ranks; what of it, or else, the driver is to hear."""
        details = event.details
        if "rank" in details:
            self._places[details["rank"]] = details["host"], details["node"]
            return self._all_there()
        if "died" in details:
            self._deaths += 1
            return self._restarted(details["died"]) if self._deaths < self._attempts else None
        return event

    def lost(self, error: BaseException | None) -> Event:
        """The last event, when Ray Train has given up."""
        found = getattr(error, "worker_failures", None)
        what = self._blame(blamed(found)) if found else " ".join(str(error).split())[:300]
        attempts = f"attempt {self._attempts} of {self._attempts}"
        return failed(self._assignment, f"{self._title}: {what} in {attempts}")

    def refuse_to_wait(self) -> None:
        """Raise `RanksNotStarted` when the ranks have been awaited for too long."""
        if self.complete or time.monotonic() - self._since < _START_SECONDS:
            return
        raise RanksNotStarted(
            f"{self._title}: its {self._ranks} ranks did not all begin within "
            f"{_START_SECONDS:g} s; each needs {self._resources.num_cpus:g} CPUs and "
            f"{self._resources.num_gpus:g} GPUs, all at once"
        )

    @property
    def _title(self) -> str:
        return self._assignment.task.title

    @property
    def _ranks(self) -> int:
        return self._assignment.task.ranks

    @property
    def _attempts(self) -> int:
        return self._resources.attempts

    def _all_there(self) -> Event | None:
        if not self.complete:
            return None
        host, node = self._places[0]
        nodes = [self._places[rank][1] for rank in sorted(self._places)]
        return self._assignment.event(host=host, node=node, nodes=nodes)

    def _restarted(self, blame: tuple[int, str]) -> Event:
        what = f"{self._title}: {self._blame(blame)} in attempt {self._deaths}"
        self._places, self._since = {}, time.monotonic()
        return self._assignment.event(
            warning=f"{what}; all {self._ranks} go on from the last checkpoint", resubmitted=True
        )

    def _blame(self, blame: tuple[int, str]) -> str:
        rank, cause = blame
        host = self._places[rank][0] if rank in self._places else "no node yet"
        return f"rank {rank} on {host} died ({cause})"


def _trainer(assignment: Assignment, resources: Resources, channel: Any) -> TorchTrainer:
    """Ray Train's part; its own notes about the run stay in memory, since ours are in the store."""
    share = {"CPU": resources.num_cpus, "GPU": resources.num_gpus}
    return TorchTrainer(
        train_rank,
        train_loop_config={"assignment": assignment, "channel": channel},
        torch_config=OwnInterface(timeout_s=_COLLECTIVE_SECONDS, device=resources.device),
        scaling_config=ScalingConfig(
            num_workers=assignment.task.ranks,
            use_gpu=resources.num_gpus > 0,
            resources_per_worker={unit: amount for unit, amount in share.items() if amount},
        ),
        run_config=RunConfig(
            name=assignment.task.key,
            storage_path="ganray",
            storage_filesystem=PyFileSystem(FSSpecHandler(MemoryFileSystem())),
            failure_config=FailureConfig(max_failures=resources.attempts - 1),
            callbacks=[_Deaths(assignment, channel)],
        ),
    )


class _Fit:
    """`trainer.fit()` in a thread: it cannot be asked to stop, but its workers can."""

    def __init__(self, trainer: TorchTrainer) -> None:
        self.done = threading.Event()
        self.error: BaseException | None = None
        threading.Thread(target=self._run, args=(trainer,), daemon=True).start()

    def _run(self, trainer: TorchTrainer) -> None:
        try:
            trainer.fit()
        except BaseException as error:  # for whoever waits
            self.error = error
        finally:
            self.done.set()


class _Deaths(UserCallback):
    """Tells of ranks that died; runs on Ray Train's controller, which starts them again."""

    def __init__(self, assignment: Assignment, channel: Any) -> None:
        self._assignment, self._channel = assignment, channel

    @no_type_check
    def after_exception(self, run_context, worker_exceptions) -> None:  # noqa: ARG002
        self._channel.tell.remote([self._assignment.event(died=blamed(worker_exceptions))])


def blamed(errors: dict[int, BaseException]) -> tuple[int, str]:
    """The rank that ended the others, and why; those that only lost another are not to blame."""
    causes = {rank: getattr(e, "health_check_failure", e) for rank, e in errors.items()}
    guilty = {rank: e for rank, e in causes.items() if LostRank.__name__ not in str(e)}
    rank, error = min((guilty or causes).items(), key=lambda item: item[0])
    if isinstance(error, RayError):
        return rank, explain_death(error, Circumstances()).what
    lines = str(error).split("\n")  # a traceback, as Ray Train hands it on
    return rank, next((line for line in reversed(lines) if line.strip()), type(error).__name__)
