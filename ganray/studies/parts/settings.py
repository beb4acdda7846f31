"""The blocks that a study file is made of, beside the specs that other modules own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol, Self, TypeVar, runtime_checkable

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from ganray.cost.spending import Cost
from ganray.data.probe import SHAPES
from ganray.data.spec import DatasetSpec
from ganray.models import DefenseGan, Model
from ganray.models.encoders import AnyEncoder, Pixels
from ganray.plan import Resources
from ganray.spec import RUN_NAME, Spec, unknown_name
from ganray.specs import RestartedSearch, SampleSpec
from ganray.studies.parts.scoring.evaluate import Evaluate
from ganray.train.algorithms import Training, WganGp
from ganray.train.encoder_spec import EncoderSpec

Item = TypeVar("Item")


def _distinct(values: list[Item]) -> list[Item]:
    for place, value in enumerate(values):
        if value in values[:place]:
            raise ValueError(f"holds {value!r} twice")
    return values


Distinct = Annotated[list[Item], AfterValidator(_distinct)]


MOST_ITERATIONS, MOST_SEEDS = 10**12, 1000
"""More are refused, as a slip of the pen."""
Unit = Literal["iterations", "images", "flops", "device_seconds"]
UNITS: tuple[Unit, ...] = ("iterations", "images", "flops", "device_seconds")


class Budget(Spec):
    """How long the GANs are trained: exactly one of four amounts, for each GAN or for each side.

    `per: gan` gives every GAN the amount. `per: side` gives it to each side: the joint GAN has all
    of it and the marginal GANs share it, so that both sides cost the same. With replicates, each
    replicate of a side has it. An amount is converted to whole iterations, rounded down, when the
    plan is made.
    """

    iterations: int | None = Field(
        1000, ge=1, le=MOST_ITERATIONS, description="critic rounds with one generator step each"
    )
    images: int | None = Field(
        None, ge=1, le=MOST_ITERATIONS, description="real images seen, repetitions counted"
    )
    flops: float | None = Field(None, gt=0, description="operations of training")
    device_seconds: float | None = Field(
        None, gt=0, description="training time on one device, converted at a measured speed"
    )
    per: Literal["gan", "side"] = Field(
        "gan", description="each GAN has the amount, or each side: marginal GANs share it"
    )

    @model_validator(mode="before")
    @classmethod
    def _another_unit_replaces_the_default(cls, values: Any) -> Any:
        if isinstance(values, dict) and any(values.get(unit) is not None for unit in UNITS[1:]):
            return {"iterations": None} | values
        return values

    @model_validator(mode="after")
    def _one_amount(self) -> Budget:
        named = [unit for unit in UNITS if getattr(self, unit) is not None]
        if len(named) != 1:
            raise ValueError(
                f"must name exactly one of {', '.join(UNITS)}; it names "
                + (" and ".join(map(self.told, named)) or "none")
            )
        return self

    @property
    def unit(self) -> Unit:
        """What the budget is counted in."""
        return next(unit for unit in UNITS if getattr(self, unit) is not None)

    @property
    def amount(self) -> int | float:
        """How much of its unit there is."""
        amount: int | float = getattr(self, self.unit)
        return amount


class Joint(Spec):
    """How the joint GAN is trained, where it is not as the marginal ones are."""

    workers: int = Field(1, ge=1, description="processes that share each of its batches, on Ray")


def _known_shape(name: str) -> str:
    if name not in SHAPES:
        raise ValueError(unknown_name(name, list(SHAPES)))
    return name


def _gan_name(name: Any) -> Any:
    if not isinstance(name, str):
        raise ValueError(f"must be 'joint' or a class's name, in quotes: \"{name}\"")
    return name


Drawing = Annotated[str, AfterValidator(_known_shape)]
GanName = Annotated[str, BeforeValidator(_gan_name)]


class RangeSearch(RestartedSearch):
    """The range-space search: on which GANs, for which images, from how many starts."""

    on: Distinct[GanName] = Field(
        ["joint"],
        description="'joint', names of classes, and groups such as '1+2'",
    )
    own_samples: int = Field(
        8, ge=0, le=10**6, description="the GAN's own images, searched as the null"
    )
    real: int = Field(10, ge=0, description="test images, the first of each of so many classes")
    noisy: int = Field(1, ge=0, description="of those, how many are searched again with noise")
    shapes: Distinct[Drawing] = Field(list(SHAPES), description="drawings")
    other: DatasetSpec | None = Field(None, description="another data set, one image of each class")

    @model_validator(mode="after")
    def _has_targets(self) -> RangeSearch:
        if self.on and not (self.real or self.shapes or self.other):
            raise ValueError("search needs at least one target: real, shapes or other")
        return self


class OfData(Spec):
    """What studies and sweeps share whose GANs are trained on some data."""

    name: str = Field("study", pattern=RUN_NAME, description="its runs bear it")
    seed: int = Field(0, ge=0, description="everything random follows from it")
    data: DatasetSpec = DatasetSpec()
    encoder: EncoderSpec = EncoderSpec()
    resources: Resources = Resources()


class OfImages(OfData):
    """Of those, such as measure what their GANs make."""

    evaluate: Evaluate = Evaluate()


class NamedGan(Spec):
    """One side of a comparison: a GAN and how it is trained."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$", description="what the side is called")
    model: Model = Field(description="its networks")
    train: Training = Field(description="how it is trained")


@runtime_checkable
class Named(Protocol):
    """Whatever users name."""

    @property
    def name(self) -> str:
        """What they call it."""


def names_differ(gans: Sequence[Named], *taken: str) -> None:
    """Refuse sides of one name.

    Raises:
        ValueError: naming it.
    """
    names = [gan.name for gan in gans]
    for place, name in enumerate(names):
        if name in (*taken, *names[:place]):
            raise ValueError(f"two sides are called {name!r}; sides need names of their own")


class Setup(OfImages):
    """Of those, such as have GANs of some networks."""

    model: Model = Field(DefenseGan(), description="the networks of each GAN")
    train: Training = Field(WganGp(), description="how each GAN is trained")


class Clusters(Spec):
    """Classes that k-means finds in features of the training images, in place of their labels."""

    clusters: int = Field(ge=2, le=1000, description="how many, and as many marginal GANs")
    encoder: AnyEncoder = Field(Pixels(), description="network whose features are clustered")
    restarts: int = Field(
        4, ge=1, le=MOST_SEEDS, description="of k-means from other centres; the best one counts"
    )


class SidesSettings(Setup):
    """What every study that compares GANs of one budget with the joint GAN is told."""

    study: str
    replicates: int = Field(
        1, ge=1, le=MOST_SEEDS, description="GANs trained anew from other seeds, both sides"
    )
    budget: Budget = Budget()
    joint: Joint = Joint()
    sample: SampleSpec = SampleSpec()
    search: RangeSearch = RangeSearch()
    cost: Cost = Cost()


class WithMarginals(Spec):
    """What every study is told that has a GAN for each group of classes."""

    marginals: Literal["per_class"] | list[list[int | str]] = Field(
        "per_class",
        description="or lists of classes, a GAN for each; classes in no list have no part in the "
        "comparison, on either side",
    )

    @field_validator("marginals", mode="before")
    @classmethod
    def _lists_of_classes(cls, value: Any) -> Any:
        if value == "per_class" or (
            isinstance(value, list) and all(is_class_list(group) for group in value)
        ):
            return value
        raise ValueError("must be 'per_class' or lists of classes, such as [[0], [1, 2]]")


class ComparisonSettings(WithMarginals, SidesSettings):
    """What every study that compares marginal GANs with the joint GAN is told."""

    split: Clusters | None = Field(
        None, description="marginal GANs of clusters that the run finds; none: of classes"
    )

    @model_validator(mode="after")
    def _shared_out_once(self) -> Self:
        if self.split is not None and self.marginals != "per_class":
            raise ValueError(
                f"marginals (={self.marginals!r}) share the images out by class, and "
                f"split.{self.split.told('clusters')} does by cluster; leave one of them out"
            )
        for one in self.evaluate.encoders if self.split else ():
            if self.split and one.name == self.split.encoder.name and one != self.split.encoder:
                raise ValueError(
                    f"split.encoder and evaluate.encoders name {one.name!r} with settings of two "
                    "kinds; give both the same"
                )
        return self


def is_class_list(value: Any) -> bool:
    """Whether it is a list of names and numbers."""
    return isinstance(value, list | tuple) and all(isinstance(one, int | str) for one in value)
