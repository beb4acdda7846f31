"""What is to be done of a plan: pure bookkeeping that both runners share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

from ganray.pipeline.workspace import input_digests
from ganray.plan import Plan, Task
from ganray.store import Store

_READERS = 8  # a remote store answers slowly, but many questions at once


@dataclass
class Agenda:
    """The tasks of a plan as they stand: finished, failed (with why), or still to do.

    `forced` are the artifacts that must be made anew, whatever the store holds of them.
    """

    plan: Plan
    store: Store
    finished: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    forced: set[str] = field(default_factory=set)
    reused: set[str] = field(default_factory=set)

    @classmethod
    def open(cls, plan: Plan, store: Store, verify: bool = False) -> Agenda:
        """Look at the store: what is there and fits its inputs need not be done again.

        With `verify` every file is hashed; what is damaged is made anew, as is all that needs it.
        """
        agenda = cls(plan, store)
        addresses = [task.address for task in plan.tasks]
        with ThreadPoolExecutor(_READERS) as readers:
            manifests = dict(zip(addresses, readers.map(store.manifest, addresses), strict=True))
        for task in plan.tasks:
            manifest = manifests[task.address]
            damaged = verify and agenda._damaged(task)
            if damaged or agenda.forced & set(task.inputs.values()):
                agenda.forced.add(task.address)
            if manifest is None or task.address in agenda.forced or not agenda._fed(task):
                continue
            digests = {
                address: address.split("/")[1] if external(address) else manifests[address].digest  # type: ignore[union-attr]
                for address in task.inputs.values()
            }
            if manifest.inputs == digests:
                agenda.finished.add(task.address)
        agenda.reused = set(agenda.finished)
        return agenda

    @property
    def pending(self) -> list[Task]:
        """Tasks that are neither finished nor failed, in the plan's order."""
        return [
            task
            for task in self.plan.tasks
            if task.address not in self.finished and task.address not in self.failed
        ]

    def ready(self, task: Task) -> bool:
        """Whether all inputs of a task are there, and no shorter part of its trajectory is to come.

        A longer training continues a shorter one; begun beside it, it would do its work again.
        """
        if not self._fed(task):
            return False
        shorter = self._shorter.get(task.address)
        return not shorter or shorter.isdisjoint(other.address for other in self.pending)

    def _fed(self, task: Task) -> bool:
        return all(external(a) or a in self.finished for a in task.inputs.values())

    @cached_property
    def _shorter(self) -> dict[str, set[str]]:
        """The artifacts of lower horizons on the same trajectory, where a task has any."""
        lines: dict[str, list[Task]] = {}
        for task in self.plan.tasks:
            lines.setdefault(task.trajectory, []).append(task)
        return {
            task.address: {o.address for o in line if (o.horizon or 0) < (task.horizon or 0)}
            for line in lines.values()
            for task in line
            if len(line) > 1
        }

    def blocked(self, task: Task) -> bool:
        """Whether an input of a task has failed, so that it cannot be done."""
        return any(address in self.failed for address in task.inputs.values())

    def settled(self, task: Task) -> bool:
        """Whether a ready task needs no work after all: its inputs came out as they were before."""
        if task.address in self.forced:
            return False
        manifest = self.store.manifest(task.address)
        return manifest is not None and manifest.inputs == input_digests(self.store, task)

    def finish(self, task: Task) -> None:
        """Mark a task as done."""
        self.finished.add(task.address)

    def fail(self, task: Task, why: str) -> None:
        """Mark a task as failed, and with it all that depends on it."""
        self.failed[task.address] = why
        for other in self.plan.tasks:
            if other.address not in self.failed and self.blocked(other):
                self.failed[other.address] = f"not possible without {task.title}"

    def _damaged(self, task: Task) -> bool:
        """Whether a file of its artifact, or of a chunk that more would build on, is damaged."""
        addresses = [task.address, *map(task.chunk_address, range(task.chunks))]
        manifests = (self.store.manifest(address) for address in addresses)
        return any(self.store.verify(manifest) for manifest in manifests if manifest is not None)

    @property
    def complete(self) -> bool:
        """Whether every task is finished."""
        return len(self.finished) == len(self.plan.tasks)


def external(address: str) -> bool:
    """Whether an input is a data set outside the store, which is there by definition."""
    return address.startswith("external/")
