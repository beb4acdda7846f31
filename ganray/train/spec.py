"""How a GAN is trained: settings alone, free of torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args

import numpy as np
from jaxtyping import Int64
from pydantic import (
    Field,
    SerializeAsAny,
    TypeAdapter,
    create_model,
    field_validator,
    model_validator,
)

from ganray.errors import RefusedInput
from ganray.models.spec import ModelSpec
from ganray.spec import Spec, parse

if TYPE_CHECKING:
    from ganray.train.steps import Step


class Change(Spec):
    """Settings of the algorithm from some iteration on: those that it lets change on the way."""

    owner: ClassVar[type[TrainSpec] | None] = None
    """The algorithm whose settings change."""

    iteration: int = Field(ge=1, description="iterations done when it comes into force")

    def __reduce__(self) -> Any:
        """Sent by its algorithm: no module has the class that was made for it."""
        if self.owner is None:
            return super().__reduce__()
        return _restored, (self.owner, {"iteration": self.iteration, **self.settings})

    @property
    def settings(self) -> dict[str, Any]:
        """What changes: fields of the algorithm's spec, with their new values."""
        named = {name: getattr(self, name) for name in type(self).model_fields}
        return {n: value for n, value in named.items() if n != "iteration" and value is not None}

    @classmethod
    def within(cls, owner: type[Spec], /) -> type[Spec]:
        """With a field for each setting that the algorithm lets change."""
        return owner.change if issubclass(owner, TrainSpec) else cls


class TrainSpec(Spec):
    """How a GAN is trained: a member of the open list `ganray.train.ALGORITHMS`.

    An algorithm is a file with its spec, which gives the steps of an iteration, and its losses. The
    number of iterations is not here: it ends a trajectory but does not change it.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    """The roles of the networks that it trains."""
    unnormalised: ClassVar[tuple[str, ...]] = ()
    """The roles whose networks may not normalise over a batch: a gradient penalty is of each image
    by itself."""
    paper: ClassVar[str] = ""
    """Where the algorithm is described, such as "Gulrajani et al., arXiv 1704.00028"."""
    featured: ClassVar[tuple[str, ...]] = ()
    """The roles of the networks whose features it reads, or heads on them."""
    told_labels: ClassVar[bool] = False
    """Whether its losses look at the images' classes."""
    conditional: ClassVar[tuple[str, ...]] = ()
    """The roles of the networks that must be told labels."""
    untold: ClassVar[tuple[str, ...]] = ()
    """The roles of the networks that must not be told labels: they are to tell them."""
    of_images: ClassVar[bool] = False
    """Whether its generators are given images, not noise."""
    translates: ClassVar[bool] = False
    """Whether its images are of two domains: class 0 and class 1."""
    together: ClassVar[bool] = False
    """Whether the images that it shows by names go together, row by row."""
    least_classes: ClassVar[int] = 1
    """Of how many classes the training images must be."""
    whole: ClassVar[bool] = False
    """Whether its losses are of a batch as a whole, not means over its rows: then workers cannot
    share a batch."""
    changeable: ClassVar[tuple[str, ...]] = ()
    """The settings that may change while a GAN is trained: numbers that losses and optimisers take
    anew in each iteration."""
    moving: ClassVar[tuple[str, ...]] = ("schedule",)
    """The settings of how weights are moved once their gradients are known, optimisers' and clips':
    GANs that are trained together may differ in them."""
    factors: ClassVar[tuple[str, ...]] = ("ema",)
    """The numbers that losses and the moving average take as they are: GANs that are trained
    together may differ in them, but none may be 0, or none, where another's is not. A loss is given
    those that differ as tensors without axes, and asks `vanishes` where it would ask for 0."""
    counts: ClassVar[tuple[str, ...]] = ()
    """Those of the changeable ones that say how often steps are done in an iteration."""
    remedy: ClassVar[str] = ""
    """What to try where a loss stops being finite, such as "a smaller train.learning_rate"."""
    change: ClassVar[type[Change]] = Change
    """A change of its settings: a field for each that is changeable, all of which may be left out.
    Made with each algorithm."""
    _read_changes: ClassVar[Callable[[Any], tuple[Change, ...]]]

    algorithm: str
    batch: int = Field(50, ge=1, description="real images in each step")
    ema: float | None = Field(
        None, gt=0, lt=1, description="decay of the generator's moving average; none: not kept"
    )
    threads: int = Field(1, ge=1, description="torch threads; changes the last bits of results")
    kernel: Literal["plain", "fused"] = Field(
        "plain",
        description="fused: weights laid out channels last and moved in one pass, and networks "
        "that are piecewise linear differentiated as a whole; changes the last bits of results",
    )
    precision: Literal["float32", "bf16"] = Field(
        "float32",
        description="within networks; losses, penalties' norms, weights and their moments have "
        "float32",
    )
    schedule: tuple[SerializeAsAny[Change], ...] = Field(
        (), description="changes on the way, e.g. those that population-based training found"
    )

    def steps(self) -> tuple[Step, ...]:
        """What one iteration consists of, in order."""
        raise NotImplementedError

    def shown(self, _: Int64[np.ndarray, "n"], __: int, /) -> dict[str, Int64[np.ndarray, "k"]]:
        """Which training images its losses are shown as `Batch.more`, by labels and seed: of each
        name those of shuffled epochs of their own, beside the real images of every step."""
        return {}

    def objection(self, _: ModelSpec, /) -> str | None:
        """Why it cannot train such networks, beside what its class says; None: it can."""
        return None

    def heads(self, _: ModelSpec, __: int, /) -> dict[str, int]:
        """What its losses read off the features of such networks' critics, for images of so many
        classes: how many numbers each, by their names."""
        return {}

    @property
    def frozen(self) -> dict[str, int]:
        """Of which networks the first so many layers keep their first weights."""
        return {}

    @property
    def uncoupled(self) -> tuple[str, ...]:
        """The roles whose networks may not normalise over a batch, as it is set."""
        return self.unnormalised

    @property
    def varies(self) -> bool:
        """Whether some setting is not the same in all iterations."""
        return bool(self.schedule)

    @property
    def paces(self) -> tuple[int, ...]:
        """The iterations from which on steps are done another number of times; the first is 0."""
        changes = (c.iteration for c in self.schedule if c.settings.keys() & set(self.counts))
        return (0, *changes)

    @property
    def images(self) -> int:
        """Real images seen in an iteration, in the first one where these differ."""
        return self.batch * sum(step.times for step in self.steps() if step.looks)

    @property
    def losses(self) -> tuple[str, ...]:
        """What the losses of its steps are called, in order."""
        return tuple(f"{step.name}_loss" for step in self.steps())

    def once(self) -> TrainSpec:
        """The same with every step done once in an iteration, to be timed quickly."""
        return self

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Make the type of its changes.

        Raises:
            ValueError: `changeable` names what is no field, or what may be none, which in a
                schedule says that nothing changes.
        """
        super().__pydantic_init_subclass__(**kwargs)
        cls.change = _change_of(cls)
        cls._read_changes = TypeAdapter(tuple[cls.change, ...]).validate_python

    @field_validator("schedule", mode="before")
    @classmethod
    def _changes_are_its_own(cls, value: Any) -> Any:
        return cls._read_changes(value)

    @model_validator(mode="after")
    def _changes_ascend(self) -> TrainSpec:
        iterations = [change.iteration for change in self.schedule]
        if iterations != sorted(set(iterations)):
            raise ValueError(f"schedule: iterations must ascend, none twice; they are {iterations}")
        names = [step.name for step in self.steps()]
        if len(set(names)) < len(names):  # each has an optimiser and a loss under its name
            raise ValueError(
                f"{self.algorithm}: steps must differ in their names; they are {names}"
            )
        return self

    def changed(self, iteration: int, settings: Mapping[str, Any]) -> TrainSpec:
        """The same with one more change, after those that it has.

        Raises:
            RefusedInput: the algorithm does not let one of these change, or not to that value; or
                a change of the schedule comes later, or then.
        """
        change = parse(self.change, {**settings, "iteration": iteration}, "train.schedule")
        if self.schedule and iteration <= self.schedule[-1].iteration:
            raise RefusedInput(
                f"train.schedule: iteration (={iteration}) must be above that of the last change, "
                f"{self.schedule[-1].iteration}"
            )
        return self.model_copy(update={"schedule": (*self.schedule, change)})

    def at(self, iteration: int) -> TrainSpec:
        """The settings in force after `iteration` iterations, as if they had always been so."""
        return self.scheduled(iteration)

    def scheduled(self, iteration: int) -> TrainSpec:
        """The settings that the schedule has brought by then; what else varies is as written."""
        if not self.schedule:
            return self
        past = (change.settings for change in self.schedule if change.iteration <= iteration)
        values = {name: value for settings in past for name, value in settings.items()}
        return self.model_copy(update=values | {"schedule": ()})


def _change_of(train: type[TrainSpec]) -> type[Change]:
    fields: dict[str, Any] = {}
    for name in train.changeable:
        field = train.model_fields.get(name)
        if field is None or type(None) in get_args(field.annotation):
            fault = "may be none" if field else "is no field of it"
            raise ValueError(f"{train.__name__}.changeable: {name!r} {fault}")
        wanted: Any = field.annotation | None  # type: ignore[operator]
        if field.metadata:  # `Annotated` takes no empty list of what a value must hold
            wanted = Annotated[(wanted, *field.metadata)]
        fields[name] = wanted, Field(None, description="from then on; none: as before")
    name = f"{train.__name__}Change"
    made = create_model(name, __base__=Change, __doc__=Change.__doc__, **fields)
    made.owner = train
    return made


def _restored(train: type[TrainSpec], values: dict[str, Any]) -> Change:
    return train.change(**values)
