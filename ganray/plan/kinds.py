"""The kinds of tasks, each with what a plan must know of it; code: `stages/<folder>/<kind>.py`.

Free of torch, as whoever reads a plan needs it. A new kind is its file in a folder of `stages`,
what its tasks are told, and a line here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ganray.plan.candidates import ObjectiveParameters, SpecParameters
from ganray.plan.defending import AttackParameters, JudgeParameters, ProjectParameters
from ganray.plan.laboratory import GaussianPathParameters, GaussiansParameters, NumberGanParameters
from ganray.plan.lessons import (
    ClassifyParameters,
    LabelledParameters,
    LessonParameters,
    LinearLessonParameters,
)
from ganray.plan.measuring import (
    CounterpartParameters,
    ExtremesParameters,
    MeasureParameters,
    SiblingsParameters,
)
from ganray.plan.parameters import (
    CardParameters,
    DataParameters,
    EmbedParameters,
    EncoderParameters,
    MixParameters,
    Parameters,
    ReweightParameters,
    SampleParameters,
    SearchParameters,
    SplitParameters,
    TargetsParameters,
    TrainParameters,
    WeightsParameters,
)
from ganray.plan.probing import InterpolationParameters, LikelihoodParameters


@dataclass(frozen=True)
class Kind:
    """One kind.

    Attributes:
        parameters: what its tasks are told.
        folder: that of `stages` which has its code as `<name>.py`, with a `STAGE`; none: itself.
        version: part of its tasks' keys; raised whenever its code would give another result for
            the same parameters.
        unit: of the horizon, where tasks of the kind continue each other.
        shard: how many chunks are committed as one; it decides which files there are, so that
            changing it changes the digests of what is made.
        trains: whether it takes long, keeps checkpoints and may use a GPU.
        evaluates: whether a GPU may do its tasks, too: their chunks are a network's answers, or
            they are scores (of which `Parameters.evaluates` tells some from others).
        called: one and several, as people ask about them; none: a step on the way to what they do.
        home: the module of its code where that is not in `stages`.
    """

    name: str
    parameters: type[Parameters] = Parameters
    folder: str = ""
    version: int = 1
    unit: str | None = None
    shard: int = 8
    trains: bool = False
    evaluates: bool = False
    called: tuple[str, str] | None = None
    home: str = ""

    @property
    def module(self) -> str:
        """The module of its code."""
        return self.home or f"ganray.stages{self.folder and '.'}{self.folder}.{self.name}"


_ALL = (
    Kind("data", DataParameters, "importing", called=("data set", "data sets")),
    Kind(
        "weights", WeightsParameters, "importing", called=("encoder’s weights", "encoders’ weights")
    ),
    Kind("train", TrainParameters, "training", unit="step", trains=True, called=("GAN", "GANs")),
    Kind("reweight", ReweightParameters, "training", trains=True, called=("weighing", "weighings")),
    Kind(
        "split",
        SplitParameters,
        "training",
        unit="restarts",
        shard=1,
        called=("clustering", "clusterings"),
    ),
    Kind(
        "encoder", EncoderParameters, "training", trains=True, called=("classifier", "classifiers")
    ),
    Kind(
        "sample",
        SampleParameters,
        "sampling",
        unit="count",
        evaluates=True,
        called=("set of samples", "sets of samples"),
    ),
    Kind(
        "mix",
        MixParameters,
        "sampling",
        unit="count",
        evaluates=True,
        called=("mixture of samples", "mixtures of samples"),
    ),
    Kind("embed", EmbedParameters, "sampling", evaluates=True),
    Kind("measure", MeasureParameters, "measuring", evaluates=True, called=("score", "scores")),
    Kind("extremes", ExtremesParameters, "measuring"),
    Kind("counterpart", CounterpartParameters, "measuring"),
    Kind("siblings", SiblingsParameters, "measuring"),
    Kind("classify", ClassifyParameters, "lessons", trains=True, called=("lesson", "lessons")),
    Kind("labelled", LabelledParameters, "sampling"),
    Kind("lesson", LessonParameters, "lessons", trains=True, called=("lesson", "lessons")),
    Kind(
        "linear_lesson",
        LinearLessonParameters,
        "lessons",
        called=("linear lesson", "linear lessons"),
    ),
    Kind("exam", folder="lessons", called=("exam", "exams")),
    Kind("targets", TargetsParameters, "searching"),
    Kind(
        "search",
        SearchParameters,
        "searching",
        unit="restarts",
        shard=4,
        evaluates=True,
        called=("search", "searches"),
    ),
    Kind("attack", AttackParameters, "defending", shard=4, called=("attack", "attacks")),
    Kind("project", ProjectParameters, "defending", shard=4, called=("projection", "projections")),
    Kind("judge", JudgeParameters, "defending"),
    Kind(
        "likelihood",
        LikelihoodParameters,
        "searching",
        unit="images",
        shard=4,
        called=("likelihood", "likelihoods"),
    ),
    Kind("interpolation", InterpolationParameters, "searching", unit="pairs", shard=4),
    Kind("card", CardParameters, "training", called=("model card", "model cards")),
    Kind("gaussians", GaussiansParameters, "laboratory", shard=1, called=("game", "games")),
    Kind(
        "gaussian_path", GaussianPathParameters, "laboratory", called=("trajectory", "trajectories")
    ),
    Kind(
        "number_gan",
        NumberGanParameters,
        "laboratory",
        unit="step",
        trains=True,
        called=("GAN of numbers", "GANs of numbers"),
    ),
    Kind("objective", ObjectiveParameters, "candidates", evaluates=True),
    Kind("spec", SpecParameters, "candidates"),
)
KINDS = {kind.name: kind for kind in _ALL}
