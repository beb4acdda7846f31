"""Plans: frozen tasks, each named by the hash of what determines its result.

A task's key hashes its stage, the version of the stage's code, those of its parameters that differ
from their defaults, and the addresses of its inputs. Where it runs (node, device, shards) is no
part of it. A key names a trajectory; how far it is followed (training iterations, number of
samples, restarts) is the task's horizon, and (key, horizon) is the artifact: going further
continues it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ganray.errors import RefusedInput
from ganray.kinds import KINDS
from ganray.names import composed
from ganray.randomness import derive_seed
from ganray.spec import Spec, content_hash


class Resources(Spec):
    """What each training worker is given, and how carefully: placement, so no part of any key."""

    num_cpus: float = Field(1.0, gt=0, description="CPUs of each trainer")
    num_gpus: float = Field(0.0, ge=0, description="GPUs of each trainer; fractions share one")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where GANs and classifiers train; auto: cuda where there is one"
    )
    checkpoint_seconds: float = Field(60.0, gt=0, description="time between checkpoints")
    attempts: int = Field(3, ge=1, description="tries at a task whose worker died")
    silence_seconds: float = Field(
        300.0, gt=10, description="a worker silent or stuck for so long is ended"
    )


class Task(BaseModel):
    """One unit of work whose result is one artifact.

    `parameters` holds all that the stage's code needs; `inputs` maps a role to an artifact's
    address; `chunks` is the number of fixed-size pieces that can be worked apart (0: not sharded).
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    title: str
    key: str
    parameters: dict[str, Any]
    inputs: dict[str, str]
    horizon: int | None = None
    chunks: int = 0

    @property
    def trajectory(self) -> str:
        """`<kind>/<key>`: what checkpoints and chunks belong to."""
        return f"{self.kind}/{self.key}"

    @property
    def address(self) -> str:
        """`<kind>/<key>/<extent>`: where the artifact lies in the store."""
        if self.horizon is None:
            return f"{self.trajectory}/whole"
        return f"{self.trajectory}/{KINDS[self.kind].unit}-{self.horizon:09d}"

    @property
    def trains(self) -> bool:
        """Whether it takes long, keeps checkpoints and may use a GPU."""
        return KINDS[self.kind].trains

    @property
    def threads(self) -> int:
        """The torch threads of its work; those of a training spec are part of its key."""
        spec = self.parameters.get(self.kind)
        return int(spec.get("threads", 1)) if isinstance(spec, dict) else 1

    @property
    def ranks(self) -> int:
        """How many processes train it together; part of its key where it is not one."""
        return int(self.parameters.get("world_size", 1))

    @property
    def shards(self) -> list[range]:
        """Its chunks in runs, each of which is committed as one: see `runs.parts`."""
        size = KINDS[self.kind].shard
        return [range(self.chunks)[at : at + size] for at in range(0, self.chunks, size)]

    def shard_address(self, chunks: range) -> str:
        """The artifact of some chunks; it belongs to the trajectory, whatever the horizon."""
        return f"{self.trajectory}/chunks-{chunks.start:06d}-{chunks.stop:06d}"


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
    known_as: str | None = None
    """The folder of the run, where its tasks do not name it: a sweep's follow from its trials."""

    @cached_property
    def id(self) -> str:
        """The hash of the tasks, by which the run is known."""
        return content_hash([self.study, sorted(task.address for task in self.tasks)])

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
        trained = {
            int(index)
            for task in self.tasks
            if task.kind == "train"
            for index in task.parameters["classes"]
        }
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
        parameters: Mapping[str, Any],
        inputs: Mapping[str, Task | str],
        horizon: int | None = None,
        chunks: int = 0,
        placement: Mapping[str, Any] | None = None,
    ) -> Task:
        """Add one task under the study's name for it.

        Args:
            parameters: `Spec`s (hashed without their defaults) and plain JSON values.
            inputs: role → the task, or the address, that gives it.
            placement: more parameters, which say where things lie and enter no key.

        Raises:
            ValueError: the role is another task's: that one would be lost; or there is no such
                kind, or its tasks do not continue each other and have no horizon.
        """
        if kind not in KINDS:
            raise ValueError(f"kind (={kind!r}) must be one of: {', '.join(KINDS)}")
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
            parameters={
                name: _plain(value) for name, value in {**parameters, **(placement or {})}.items()
            },
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
    ) -> Plan:
        """The finished plan.

        Args:
            dataset: as the plan sees it; none for a study without data.
            sides: what its groups of GANs are called, in the order in which they are compared.
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
        )


def task_key(kind: str, parameters: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """32 hexadecimal digits over what determines a task's result (design, decision 3)."""
    return content_hash(
        {
            "stage": kind,
            "version": KINDS[kind].version,
            "parameters": {
                name: value.identity() if isinstance(value, Spec) else value
                for name, value in parameters.items()
            },
            "inputs": dict(inputs),
        }
    )


def task_seed(study_seed: int, purpose: str, classes: Sequence[int], replicate: int) -> int:
    """A task's seed: from the study's, its partition and replicate, never from where it runs."""
    return derive_seed(study_seed, purpose, list(classes), replicate)


def partitions(
    wanted: str | Sequence[Sequence[int | str]], class_names: Sequence[str]
) -> list[list[int]]:
    """The classes of each marginal GAN: `per_class`, or lists as `class_index` understands them.

    Raises:
        RefusedInput: for a class that the data set lacks, an empty list, or a class named twice.
    """
    if wanted == "per_class":
        return [[index] for index in range(len(class_names))]
    chosen = [
        sorted(class_index(name, class_names, "marginals: class") for name in group)
        for group in wanted
    ]
    flat = [index for group in chosen for index in group]
    if not flat or not all(chosen) or len(set(flat)) != len(flat):
        raise RefusedInput(
            f"marginals (={wanted!r}) must be 'per_class' or lists of classes, none empty and "
            f"no class twice; classes: {', '.join(class_names)}"
        )
    return chosen


def class_index(name: int | str, class_names: Sequence[str], argument: str = "class") -> int:
    """The number of a class by its name; RefusedInput, by `argument`, for no class.

    Names are compared as `composed`. Where no class is called by a number, a number
    is a place among the classes, from 0; where some are, [0] and [2] of classes "1", "2" and "3"
    would mix a place with a name, so that only names count.
    """
    places = {composed(known): place for place, known in enumerate(class_names)}
    place = places.get(composed(str(name)))
    if place is not None:
        return place
    has_places = not any(map(_is_number, class_names))
    if has_places and isinstance(name, int) and 0 <= name < len(class_names):
        return name
    raise RefusedInput(f"{argument} (={name!r}) must be one of: {', '.join(class_names)}")


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, Spec) else value
