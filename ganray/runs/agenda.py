"""What is to be done of a plan: pure bookkeeping that both runners share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from ganray.errors import RefusedInput
from ganray.plan import Plan, Task
from ganray.runs.progress.failures import CONSEQUENCE
from ganray.runs.records.inputs import external, input_digests
from ganray.runs.records.outcome import read_outcome
from ganray.runs.records.remembered import remember, remembered, remembered_by_others
from ganray.store import Manifest, Store
from ganray.store.many import current_manifests
from ganray.text.redaction import redacted

Part = Literal["train", "evaluate", "search", "failed"]
"""A part of a study that can be run alone, with all that it needs; or what failed last time."""
_ENDS: dict[Part, tuple[str, ...]] = {
    "train": ("train",),
    "evaluate": ("measure", "judge", "card", "likelihood", "interpolation"),
    "search": ("search",),
}


@dataclass
class Agenda:
    """The tasks of a plan as they stand: finished, failed (with why), or still to do.

    `forced` are the artifacts that must be made anew, whatever the store holds of them.
    """

    plan: Plan
    store: Store
    finished: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    lasting: set[str] = field(default_factory=set)
    """Of the failed those that would fail again (`errors.lasts`)."""
    forced: set[str] = field(default_factory=set)
    reused: set[str] = field(default_factory=set)
    asked: frozenset[str] = frozenset()
    """The artifacts that are wanted of the plan; empty: all."""
    manifests: dict[str, Manifest] = field(default_factory=dict)
    """By address, those of `reused`, as the store had them."""
    committed: dict[str, bytes] = field(default_factory=dict)
    """By path, the texts of those of tasks that have ended since, as far as they are known."""

    def __post_init__(self) -> None:
        self._looked_at: set[str] | None = None  # where something has changed; None: anywhere

    @classmethod
    def open(
        cls, plan: Plan, store: Store, verify: bool = False, only: Part | None = None
    ) -> Agenda:
        """Look at the store: what is there and fits its inputs need not be done again.

        With `verify` every file is hashed; what is damaged is made anew, as is all that needs it.
        `only` leaves out what that part of the study does not need.
        """
        agenda = cls(plan, store, asked=part(plan, only, store) if only else frozenset())
        known = {} if verify else remembered(store, plan)
        others = () if verify else remembered_by_others(store, plan)
        addresses = [task.address for task in plan.tasks]
        manifests = current_manifests(store, addresses, known, others)
        for task in plan.tasks:
            manifest = manifests[task.address]
            damaged = verify and agenda._damaged(task)
            if damaged or not agenda.forced.isdisjoint(task.inputs.values()):
                agenda.forced.add(task.address)
            if manifest is None or task.address in agenda.forced or not agenda._fed(task):
                continue
            digests = {
                address: address.split("/")[1] if external(address) else manifests[address].digest  # type: ignore[union-attr]
                for address in task.inputs.values()
            }
            if manifest.inputs == digests:
                agenda.finished.add(task.address)
                agenda.manifests[task.address] = manifest
        agenda.reused = set(agenda.finished)
        return agenda

    @property
    def pending(self) -> list[Task]:
        """Tasks that are neither finished nor failed, in the plan's order."""
        return [task for task in self.plan.tasks if self.is_pending(task)]

    def is_pending(self, task: Task) -> bool:
        """Whether a task is wanted, and neither finished nor failed."""
        address = task.address
        ended = address in self.finished or address in self.failed
        return not ended and (not self.asked or address in self.asked)

    def ready(self, task: Task) -> bool:
        """Whether all inputs of a task are there, and no shorter part of its trajectory is to come.

        A longer training continues a shorter one; begun beside it, it would do its work again.
        """
        if not self._fed(task):
            return False
        begun = self.plan.continued(task)
        return begun is None or not self.is_pending(begun)

    def ask_for(self, addresses: Iterable[str]) -> None:
        """Want more of the plan, where at first a part of it was asked for."""
        more = frozenset(addresses)
        self.asked |= more
        if self._looked_at is not None:
            self._looked_at |= more

    def soon(self) -> list[Task]:
        """The pending tasks that are ready, or are so when those have ended, in order."""
        first = [task for task in self.pending if self.ready(task)]
        then = self.finished.union(task.address for task in first)

        def follows(task: Task) -> bool:
            return all(external(a) or a in then for a in task.inputs.values())

        return [task for task in self.pending if follows(task)]

    def newly_ready(self) -> list[Task]:
        """The pending tasks that have become ready since this was asked last, in order."""
        looked_at, self._looked_at = self._looked_at, set()
        if looked_at is None:
            found = self.pending
        else:
            order = self.plan.positions
            tasks = (self.plan.by_address[a] for a in sorted(looked_at, key=order.__getitem__))
            found = [task for task in tasks if self.is_pending(task)]
        return [task for task in found if self.ready(task)]

    def _fed(self, task: Task) -> bool:
        return all(external(a) or a in self.finished for a in task.inputs.values())

    def _look_behind(self, task: Task) -> None:
        """What needed this task, or goes on from it, may have become ready."""
        if self._looked_at is not None:
            self._looked_at.update(one.address for one in self.plan.following(task))

    def blocked(self, task: Task) -> bool:
        """Whether an input of a task has failed, so that it cannot be done."""
        return any(address in self.failed for address in task.inputs.values())

    def settled(self, task: Task) -> bool:
        """Whether a ready task needs no work after all: its inputs came out as they were before."""
        if task.address in self.forced:
            return False
        manifest = self.store.manifest(task.address)
        if manifest is None or manifest.inputs != input_digests(self.store, task):
            return False
        self.committed.update([manifest.kept])
        return True

    def finish(self, task: Task, *kept: tuple[str, bytes]) -> None:
        """Mark a task as done.

        Args:
            kept: what was committed, where that is known: see `Manifest.kept`.
        """
        self.finished.add(task.address)
        self.committed.update(kept)
        self._look_behind(task)

    def fail(self, task: Task, why: str, lasting: bool = False) -> None:
        """Mark a task as failed, and with it all that depends on it; no secret is kept of `why`.

        Args:
            lasting: it would fail again.
        """
        self.failed[task.address] = redacted(why)
        self.lasting |= {task.address} if lasting else set()
        self._look_behind(task)
        below = list(self.plan.dependents.get(task.address, ()))
        for other in below:  # grows meanwhile
            if other.address not in self.failed:
                self.failed[other.address] = f"{CONSEQUENCE} {task.title}"
                self._look_behind(other)
                below += self.plan.dependents[other.address]

    def remember(self) -> None:
        """Keep what is known of the store, so that whoever looks next asks for less of it."""
        known = dict(manifest.kept for manifest in self.manifests.values())
        remember(self.store, self.plan, known | self.committed)

    def _damaged(self, task: Task) -> bool:
        """Whether a file of its artifact, or of a chunk that more would build on, is damaged."""
        addresses = [task.address, *map(task.shard_address, task.shards)]
        manifests = (self.store.manifest(address) for address in addresses)
        sound: set[tuple[str, str]] = set()
        return any(self.store.verify(one, sound) for one in manifests if one is not None)

    @property
    def complete(self) -> bool:
        """Whether every task that was asked for is finished."""
        return self.asked <= self.finished if self.asked else self.whole

    @property
    def whole(self) -> bool:
        """Whether every task of the plan is finished."""
        return len(self.finished) == len(self.plan.tasks)


def part(plan: Plan, only: Part, store: Store) -> frozenset[str]:
    """The addresses of the tasks that one part of a study is made of, and of what they need.

    Raises:
        RefusedInput: the study has no such part, or nothing of it has failed.
    """
    if only == "failed":
        return _failed(plan, store)
    wanted = {task.address for task in plan.tasks if task.kind in _ENDS[only]}
    if not wanted:
        raise RefusedInput(f"--only (={only!r}): study {plan.name!r} has no such tasks")
    for task in reversed(plan.tasks):  # each comes after its inputs
        if task.address in wanted:
            wanted.update(task.inputs.values())
    return frozenset(address for address in wanted if not external(address))


def _failed(plan: Plan, store: Store) -> frozenset[str]:
    """What the run's last end left as failed, or as not possible without that."""
    failed = frozenset(plan.by_address.keys() & read_outcome(store, plan).get("failed", {}).keys())
    if not failed:
        raise RefusedInput(
            f"--failed: the last run of {plan.run} in {store.url} left no failed task; without "
            "--failed all that is missing is done"
        )
    return failed
