"""One unit of work as a worker is given it: some shards of a task, or all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ganray.plan import Task
from ganray.runs.progress.events import Event
from ganray.stages import Workspace, run_chunks, run_whole
from ganray.stages.log import TaskLog
from ganray.stages.training.cohort_room import UNKNOWN, Needs
from ganray.stages.workspace import open_store
from ganray.store import Manifest
from ganray.train.parallel import Ranks


@dataclass(frozen=True)
class Assignment:
    """One unit of work: some shards of a task, or (without shards) all of it.

    Attributes:
        whole: whether the shards are all that there are, so that it is put together of them, too.
        share: of its worker's device that it may take, alone or with others.
        needs: what it takes of the device as one of a cohort.
        handed: when it was ready, its worker free and it given, as the driver saw it, its worker
            done with the one before, and this one begun, as that saw it: seconds of the epoch.
        pause: seconds for which what is told may wait for more, to be sent as one.
    """

    store_url: str
    task: Task
    shards: tuple[range, ...] | None
    dataset_url: str | None
    device: str
    checkpoint_seconds: float
    redo: bool
    share: float = 1.0
    needs: Needs = UNKNOWN
    pause: float = 0.0
    whole: bool = False
    handed: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether its task is done when it is."""
        return self.whole or self.shards is None

    def work(
        self,
        should_stop: Callable[[], bool],
        tell: Callable[[Event], None],
        ranks: Ranks | None = None,
    ) -> Manifest | None:
        """Do it, in this thread, and keep a log of it in the store; what it came to as a whole.

        Args:
            ranks: the others that it is done together with, where there are some.
        """
        store = open_store(self.store_url)
        part = None if self.is_whole else self.shards
        with TaskLog(store, self.task, self.device, part, prints=True) as log:
            workspace = self.workspace(should_stop, log.passing(tell), ranks)
            if self.shards is not None:
                run_chunks(workspace, self.shards)
            if self.is_whole:
                run_whole(workspace)
            return workspace.made

    def workspace(
        self,
        should_stop: Callable[[], bool],
        tell: Callable[[Event], None],
        ranks: Ranks | None = None,
    ) -> Workspace:
        """What its stage's code is given."""
        return Workspace(
            store=open_store(self.store_url),
            task=self.task,
            dataset_url=self.dataset_url,
            device=self.device,
            checkpoint_seconds=self.checkpoint_seconds,
            redo=self.redo,
            ranks=ranks,
            handed=self.handed,
            should_stop=should_stop,
            tell=tell,
        )

    def event(self, **details: object) -> Event:
        """News of this assignment's task."""
        return Event(self.task.address, self.task.kind, details=details)
