"""The tasks of one run and what each needs of others, and who collects them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ganray.plan.kinds import KINDS
from ganray.plan.parameters import Parameters
from ganray.plan.task import Task, task_key
from ganray.spec import content_hash


class Plan(BaseModel):
    """The tasks of one run in an order in which each comes after its inputs."""

    model_config = ConfigDict(frozen=True)

    name: str
    study: str
    settings: dict[str, Any]
    tasks: tuple[Task, ...]
    roles: dict[str, str]
    """What the study calls its tasks, e.g. "measure/joint/0", to their addresses."""
    dataset: dict[str, Any] = Field(default_factory=dict)
    """The data set as the plan saw it: name, shape, class names, counts; its URL if external.
    Empty for a study that has none."""
    speed: dict[str, Any] | None = None
    """The measured speed by which a budget in device-seconds became iterations, if one did."""
    sides: tuple[str, ...] = ()
    """What its groups of GANs are called, in the order in which a report compares them."""
    parts: tuple[str, ...] = ()
    """Of parts of the study that are measured beside the whole, how their roles begin."""
    named: bool = False
    """Whether what it calls its tasks is part of the run's identity."""
    known_as: str | None = None
    """The folder of the run, where its tasks do not name it: a sweep's follow from its trials."""

    @cached_property
    def id(self) -> str:
        """The hash of the tasks, by which the run is known.

        Of a plan whose sides users name also of what it calls them: one with other names is another
        run, of the same artifacts.
        """
        tasks = sorted(task.address for task in self.tasks)
        return content_hash([self.study, sorted(self.roles.items()) if self.named else tasks])

    @property
    def run(self) -> str:
        """The folder of the run: its name and the first 12 digits of its hash; or `known_as`."""
        return self.known_as or f"{self.name}-{self.id[:12]}"

    def task(self, role: str) -> Task:
        """The task that the study calls `role`; KeyError if there is none."""
        return self.by_address[self.roles[role]]

    def continued(self, task: Task) -> Task | None:
        """The task of the next lower horizon on the same trajectory, where `task` goes on."""
        line = self._trajectories.get(task.trajectory, [])
        shorter = [other for other in line if (other.horizon or 0) < (task.horizon or 0)]
        return shorter[-1] if shorter else None

    @cached_property
    def _trajectories(self) -> dict[str, list[Task]]:
        """The tasks of each trajectory, the shortest first."""
        lines: dict[str, list[Task]] = defaultdict(list)
        for task in sorted(self.tasks, key=lambda task: task.horizon or 0):
            lines[task.trajectory].append(task)
        return dict(lines)

    @cached_property
    def covered(self) -> list[int]:
        """The classes that its GANs are trained on, in ascending order; all where it has no GAN."""
        trained = {index for task in self.tasks if task.kind == "train" for index in task.classes}
        return sorted(trained) or list(range(len(self.class_names)))

    @cached_property
    def class_names(self) -> list[str]:
        """The name of class k at position k; none for a study without data."""
        return [str(name) for name in self.dataset.get("class_names", ())]

    @cached_property
    def by_address(self) -> dict[str, Task]:
        """Every task under its address."""
        return {task.address: task for task in self.tasks}

    @cached_property
    def positions(self) -> dict[str, int]:
        """The place of every task, by its address."""
        return {task.address: place for place, task in enumerate(self.tasks)}

    def following(self, task: Task) -> list[Task]:
        """The tasks that may begin when this one has ended: they need it, or go on from it."""
        longer = self._trajectories.get(task.trajectory, [])
        return [*self.dependents.get(task.address, ()), *(one for one in longer if one is not task)]

    @cached_property
    def dependents(self) -> dict[str, list[Task]]:
        """By address, the tasks whose input it is, in the plan's order."""
        found: dict[str, list[Task]] = {task.address: [] for task in self.tasks}
        for task in self.tasks:
            for address in dict.fromkeys(task.inputs.values()):
                found.setdefault(address, []).append(task)
        return found

    def mixture_of(self, gan: Task) -> Task | None:
        """The task that draws what is measured of a GAN and others as one mixture, if one does."""
        mixtures = [one for one in self.dependents.get(gan.address, []) if one.kind == "mix"]
        measured = (
            one
            for one in mixtures
            if any(user.kind == "embed" for user in self.dependents.get(one.address, []))
        )
        return next(measured, None)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Plan:
        """A copy, with some fields changed."""
        copied = super().model_copy(update=update, deep=deep)
        for name in _INDICES:  # those of the original may hold other tasks
            copied.__dict__.pop(name, None)
        return copied


_INDICES = [name for name, found in vars(Plan).items() if isinstance(found, cached_property)]


class PlanBuilder:
    """Collects a study's tasks; equal tasks asked for twice are one."""

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self.roles: dict[str, str] = {}

    def add(
        self,
        role: str,
        kind: str,
        title: str,
        parameters: Parameters,
        inputs: Mapping[str, Task | str],
        horizon: int | None = None,
        chunks: int = 0,
    ) -> Task:
        """Add one task under the study's name for it.

        Args:
            inputs: role → the task, or the address, that gives it.

        Raises:
            ValueError: the role is another task's: that one would be lost; or there is no such
                kind, its tasks are told something else, or do not continue each other and have no
                horizon.
        """
        if kind not in KINDS:
            raise ValueError(f"kind (={kind!r}) must be one of: {', '.join(KINDS)}")
        if type(parameters) is not KINDS[kind].parameters:
            wanted = KINDS[kind].parameters.__name__
            raise ValueError(f"parameters of kind {kind!r} must be {wanted}; here are {parameters}")
        if horizon is not None and KINDS[kind].unit is None:
            raise ValueError(f"horizon (={horizon}): tasks of kind {kind!r} have none")
        addresses = {
            name: source if isinstance(source, str) else source.address
            for name, source in inputs.items()
        }
        task = Task(
            kind=kind,
            title=title,
            key=task_key(kind, parameters, addresses),
            parameters=parameters.stored,
            inputs=addresses,
            horizon=horizon,
            chunks=chunks,
        )
        if self.roles.setdefault(role, task.address) != task.address:
            raise ValueError(
                f"two tasks have the role {role!r}: {self.roles[role]}, {task.address}"
            )
        return self.tasks.setdefault(task.address, task)

    def plan(
        self,
        name: str,
        study: str,
        settings: dict[str, Any],
        dataset: dict[str, Any] | None = None,
        speed: dict[str, Any] | None = None,
        sides: Sequence[str] = (),
        parts: Sequence[str] = (),
        named: bool = False,
    ) -> Plan:
        """The finished plan.

        Args:
            dataset: as the plan sees it; none for a study without data.
            sides: what its groups of GANs are called, in the order in which they are compared.
            parts: how the roles of each of its parts begin.
            named: whether users name its sides.
        """
        return Plan(
            name=name,
            study=study,
            settings=settings,
            tasks=tuple(self.tasks.values()),
            roles=self.roles,
            dataset=dataset or {},
            speed=speed,
            sides=tuple(sides),
            parts=tuple(parts),
            named=named,
        )
