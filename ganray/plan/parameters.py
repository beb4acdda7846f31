"""What each kind of task is told, as a spec: its fields shape the result, and so the task's key.

Free of torch, as plans are made and read without it. What a stage does with them is in its file.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Protocol, Self, cast, runtime_checkable

from ganray.data.spec import DatasetSpec, Split
from ganray.models import Model
from ganray.models.encoders import AnyEncoder, Encoder
from ganray.spec import Spec, parse
from ganray.specs import EmbedSpec, SampleSpec, SearchSpec
from ganray.train.algorithms import Training
from ganray.train.spec import EncoderSpec

Spans = list[tuple[int, int]]
"""Spans of images, each from its first to the one after its last; none: all."""


@runtime_checkable
class Told(Protocol):
    """A task, as far as what it is told goes."""

    @property
    def title(self) -> str:
        """What people call it."""

    @property
    def parameters(self) -> dict[str, Any]:
        """What it is told, as a plan holds it."""


class Parameters(Spec):
    """What tasks of one kind are told; a kind that is told nothing has this one.

    A field with a default enters the key where it has another value, so that whoever adds one voids
    no artifact; all others always do.
    """

    placement: ClassVar[frozenset[str]] = frozenset()
    """Fields that say where things lie: they are in no key."""

    @classmethod
    def of(cls, task: Told) -> Self:
        """What that task is told.

        Raises:
            RefusedInput: it is of another kind, or of another release.
        """
        return cast("Self", parse(cls, task.parameters, task.title))

    @classmethod
    def evaluates(cls, told: dict[str, Any]) -> bool:  # noqa: ARG003
        """Whether a GPU may do a task that is told this, where its kind's tasks may be done so."""
        return True

    @property
    def stored(self) -> dict[str, Any]:
        """What was given, as a plan holds it."""
        plain = self.model_dump(mode="json")
        return {name: plain[name] for name in plain if name in self.model_fields_set}

    def _counts(self, name: str) -> bool:
        return name not in self.placement and super()._counts(name)


class Apart(Spec):
    """What is known of pictures to whoever decodes some and has not seen the others.

    Attributes:
        shape: of what is made of them.
        at_once: how many a chunk has.
        notes: on the set.
    """

    shape: tuple[int, int, int]
    at_once: int
    notes: str


class DataParameters(Parameters):
    """The source by its content, and how it is split.

    Attributes:
        whole: nothing is set apart: images are in the splits that the source has.
        images: how many there are, where the set is not the plan's own; for what it costs.
        apart: of a set whose pictures are decoded in chunks, on whichever node.
    """

    placement = frozenset({"data", "images", "apart"})

    fingerprint: str
    splits: dict[str, int | None]
    data: DatasetSpec
    whole: bool = False
    images: int | None = None
    apart: Apart | None = None


class WeightsParameters(Parameters):
    """An encoder whose weights come from elsewhere."""

    encoder: AnyEncoder

    def identity(self) -> dict[str, Any]:
        """What decides about the weights: not what is measured with them, nor where they lie."""
        return self.encoder.imported


class EncoderParameters(Parameters):
    """How the data set's own classifier is trained.

    Attributes:
        images: on how many, where these are not the plan's own training images; for what it costs.
        pooled: the network averages its maps, as `pools` says of images of these sizes.
    """

    placement = frozenset({"images"})

    encoder: EncoderSpec
    seed: int
    images: int | None = None
    pooled: bool = False


class TrainParameters(Parameters):
    """One GAN, and the classes whose images it sees.

    Attributes:
        domains: of one that translates, the classes of either domain, which together are all.
        cluster: of these classes' images, that of the task's `split` which it sees; none: all.
        component: which it is of several that are trained one after another; it sees the images as
            often as the task's `weights` say, if it has any.
    """

    model: Model
    train: Training
    classes: list[int]
    seed: int
    world_size: int = 1
    domains: list[list[int]] | None = None

    cluster: int | None = None
    component: int | None = None

    @property
    def kinds(self) -> list[list[int]]:
        """The classes of each kind of images that its networks and losses know apart."""
        return self.domains or [[index] for index in sorted(self.classes)]


class ReweightParameters(Parameters):
    """How images are weighted for the next of several GANs, by a classifier that is trained to
    tell them from those of a mixture.

    Attributes:
        beta: the share with which that GAN will join the mixture.
        pooled: as of `EncoderParameters`.
    """

    discriminator: EncoderSpec
    classes: list[int]
    beta: float
    seed: int
    pooled: bool = False


class SplitParameters(Parameters):
    """How training images are clustered; each restart is a chunk."""

    clusters: int
    seed: int


class SampleParameters(Parameters):
    """A GAN's sequence of images.

    Attributes:
        sources: of one whose images are made of images, the classes of these.
        split: that they are of.
        first: how many of them, in an order by the seed; none: all, class by class.
    """

    model: Model
    sample: SampleSpec
    seed: int
    sources: list[int] | None = None
    split: Split = "held_out"
    first: int | None = None


class MixParameters(Parameters):
    """A sequence of images of several GANs: `model` and `sample` as of each of them alone.

    Attributes:
        shares: how often an image is each GAN's, in proportion; none: as often as the task's
            `split` has training images in the GAN's cluster.
    """

    model: Model
    sample: SampleSpec
    seed: int
    shares: list[float] | None = None


class EmbedParameters(Parameters):
    """How images are embedded, and which: of a split of the data set, else of the task's input.

    Attributes:
        split: or all of its splits, one after another.
        drawn: so many of them, by a fixed permutation; none: all, in their order.
        labelled: the number under which images of each of the set's classes are known; none: they
            are given no labels.
        layer: which of the numbers of the data set's own classifier are the features.
    """

    embed: EmbedSpec
    split: Split | Literal["all"] | None = None
    drawn: int | None = None
    labelled: list[int] | None = None
    layer: Literal["features", "logits"] = "features"

    @classmethod
    def on(cls, encoder: Encoder, **more: Any) -> Self:
        """Images embedded on that encoder.

        Args:
            more: which images, if they are not the task's input.
        """
        if encoder.layer != "features":
            more["layer"] = encoder.layer
        return cls(embed=EmbedSpec(chunk=encoder.chunk), **more)


class TargetsParameters(Parameters):
    """The probe images by their names, and the other data set that some are from.

    Attributes:
        numbers: which image of its class each one is, from 0, or which draw of noise; none: the
            first of each.
        classes: those among whose training images the nearest is looked for; none: all.
    """

    placement = frozenset({"other_data"})

    targets: list[str]
    other: str | None
    other_data: DatasetSpec | None
    numbers: list[int] | None = None
    classes: list[int] | None = None

    @property
    def called(self) -> list[str]:
        """What each image is called: its name, and behind the first its number, from 1."""
        numbers = self.numbers or [0] * len(self.targets)
        pairs = zip(self.targets, numbers, strict=True)
        return [f"{name} ({number + 1})" if number else name for name, number in pairs]


class SearchParameters(Parameters):
    """The search of one GAN's range."""

    model: Model
    search: SearchSpec
    own_samples: int
    seed: int


class CardParameters(Parameters):
    """The training task of the GAN that a card is of, as the plan has it, and how the samples that
    were scored were truncated."""

    placement = frozenset({"gan"})

    gan: dict[str, Any]
    truncation: float | None = None
