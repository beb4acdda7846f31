"""One task, and the key that names what it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ganray.plan.kinds import KINDS
from ganray.plan.parameters import Parameters
from ganray.randomness import derive_seed
from ganray.spec import Spec, content_hash


class Resources(Spec):
    """What each training worker is given, and how carefully: placement, so no part of any key."""

    num_cpus: float = Field(1.0, gt=0, description="CPUs of each trainer")
    num_gpus: float = Field(0.0, ge=0, description="GPUs of each trainer; fractions share one")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where GANs and classifiers train; auto: cuda where there is one"
    )
    cohort: Literal["auto", "off"] | int = Field(
        "auto",
        description="GANs of equal shape that one worker trains together, at most; auto: on a "
        "GPU as many as its memory holds, elsewhere each alone",
    )
    evaluate: float = Field(
        0.0,
        ge=0,
        description="GPUs of each worker that samples, embeds, searches or scores, which then does "
        "so there, as `device` says; 0: on a CPU",
    )
    beyond_memory: Literal["refuse", "warn"] = Field(
        "refuse",
        description="where a task needs more memory than there is, by an estimate: nothing is "
        "begun; or a warning is printed and the run goes on",
    )
    checkpoint_seconds: float = Field(60.0, gt=0, description="time between checkpoints")
    attempts: int = Field(3, ge=1, description="tries at a task whose worker died")
    silence_seconds: float = Field(
        300.0, gt=10, description="a worker silent or stuck for so long is ended"
    )

    @field_validator("cohort", mode="before")
    @classmethod
    def _words_or_a_number(cls, value: object) -> object:
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        if not whole and value not in ("auto", "off"):
            raise ValueError("must be 'auto', 'off' or a whole number from 1 on")
        return value

    def device_of(self, task: Task) -> Literal["auto", "cpu", "cuda"]:
        """Where a task is worked: with `evaluate` those that evaluate networks and scores, too."""
        return self.device if task.trains or (task.evaluates and self.evaluate) else "cpu"


class Task(BaseModel):
    """One unit of work whose result is one artifact.

    `parameters` holds all that the stage's code needs, which `Parameters.of` reads; `inputs` maps a
    role to an artifact's address; `chunks` is the number of fixed-size pieces that can be worked
    apart (0: not sharded).
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
    def classes(self) -> list[int]:
        """Of a GAN's training its classes, read as they are stored: plans have many of them."""
        return [int(index) for index in self.parameters["classes"]]

    @property
    def portion(self) -> str:
        """Of a GAN's training what it sees of its classes: "cluster 3", say; empty: all alike."""
        return portion_name(self.parameters)

    @property
    def members(self) -> list[str]:
        """Of a mixture the addresses of its GANs, in their order."""
        roles = (role for role in self.inputs if role.startswith("gan/"))
        return [self.inputs[one] for one in sorted(roles, key=lambda one: int(one[len("gan/") :]))]

    @property
    def trains(self) -> bool:
        """Whether it takes long, keeps checkpoints and may use a GPU."""
        return KINDS[self.kind].trains

    @property
    def evaluates(self) -> bool:
        """Whether it trains nothing and a GPU may do it, too."""
        kind = KINDS[self.kind]
        return kind.evaluates and kind.parameters.evaluates(self.parameters)

    @property
    def threads(self) -> int:
        """The torch threads of its work; those of a training spec are part of its key."""
        spec = self.parameters.get(self.kind, self.parameters.get("train"))
        return int(spec.get("threads", 1)) if isinstance(spec, dict) else 1

    @property
    def ranks(self) -> int:
        """How many processes train it together; part of its key where it is not one."""
        return int(self.parameters.get("world_size", 1))

    @property
    def shards(self) -> list[range]:
        """Its chunks in runs, each of which is committed as one: see `runs.records.parts`."""
        size = KINDS[self.kind].shard
        return [range(self.chunks)[at : at + size] for at in range(0, self.chunks, size)]

    def shard_address(self, chunks: range) -> str:
        """The artifact of some chunks; it belongs to the trajectory, whatever the horizon."""
        return f"{self.trajectory}/chunks-{chunks.start:06d}-{chunks.stop:06d}"


PORTIONS = ("cluster", "component")
"""The parameters of a GAN's training that name a portion of its classes' images."""


def portion_name(told: Mapping[str, Any]) -> str:
    """As of `Task.portion`, of what a training is told."""
    named = (f"{name} {told[name]}" for name in PORTIONS if told.get(name) is not None)
    return next(named, "")


def task_key(kind: str, parameters: Parameters, inputs: Mapping[str, str]) -> str:
    """32 hexadecimal digits over what determines a task's result (design, decision 3)."""
    return content_hash(
        {
            "stage": kind,
            "version": KINDS[kind].version,
            "parameters": parameters.identity(),
            "inputs": dict(inputs),
        }
    )


def task_seed(study_seed: int, purpose: str, classes: Sequence[int], replicate: int) -> int:
    """A task's seed: from the study's, its partition and replicate, never from where it runs."""
    return derive_seed(study_seed, purpose, list(classes), replicate)
