"""The kinds of tasks, each with what a plan must know of it; its code is `stages/<kind>.py`.

Free of torch, as whoever reads a plan needs it. A new kind is its file in `stages`, what its tasks
are told, and a line here.
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
        version: part of its tasks' keys; raised whenever its code would give another result for
            the same parameters.
        unit: of the horizon, where tasks of the kind continue each other.
        shard: how many chunks are committed as one; it decides which files there are, so that
            changing it changes the digests of what is made.
        trains: whether it takes long, keeps checkpoints and may use a GPU.
        evaluates: whether a GPU may do its tasks, too: their chunks are a network's answers, or
            they are scores (of which `Parameters.evaluates` tells some from others).
        called: one and several, as people ask about them; none: a step on the way to what they do.
        home: the module of its code, which has a `STAGE`; `stages/<name>.py` if none is named.
    """

    name: str
    parameters: type[Parameters] = Parameters
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
        return self.home or f"ganray.stages.{self.name}"


_ALL = (
    Kind("data", DataParameters, called=("data set", "data sets")),
    Kind("weights", WeightsParameters, called=("encoder’s weights", "encoders’ weights")),
    Kind("train", TrainParameters, unit="step", trains=True, called=("GAN", "GANs")),
    Kind("reweight", ReweightParameters, trains=True, called=("weighing", "weighings")),
    Kind("split", SplitParameters, unit="restarts", shard=1, called=("clustering", "clusterings")),
    Kind("encoder", EncoderParameters, trains=True, called=("classifier", "classifiers")),
    Kind(
        "sample",
        SampleParameters,
        unit="count",
        evaluates=True,
        called=("set of samples", "sets of samples"),
    ),
    Kind(
        "mix",
        MixParameters,
        unit="count",
        evaluates=True,
        called=("mixture of samples", "mixtures of samples"),
    ),
    Kind("embed", EmbedParameters, evaluates=True),
    Kind("measure", MeasureParameters, evaluates=True, called=("score", "scores")),
    Kind("extremes", ExtremesParameters),
    Kind("counterpart", CounterpartParameters),
    Kind("siblings", SiblingsParameters),
    Kind("classify", ClassifyParameters, trains=True, called=("lesson", "lessons")),
    Kind("labelled", LabelledParameters),
    Kind("lesson", LessonParameters, trains=True, called=("lesson", "lessons")),
    Kind("linear_lesson", LinearLessonParameters, called=("linear lesson", "linear lessons")),
    Kind("exam", called=("exam", "exams")),
    Kind("targets", TargetsParameters),
    Kind(
        "search",
        SearchParameters,
        unit="restarts",
        shard=4,
        evaluates=True,
        called=("search", "searches"),
    ),
    Kind("attack", AttackParameters, shard=4, called=("attack", "attacks")),
    Kind("project", ProjectParameters, shard=4, called=("projection", "projections")),
    Kind("judge", JudgeParameters),
    Kind(
        "likelihood",
        LikelihoodParameters,
        unit="images",
        shard=4,
        called=("likelihood", "likelihoods"),
    ),
    Kind("interpolation", InterpolationParameters, unit="pairs", shard=4),
    Kind("card", CardParameters, called=("model card", "model cards")),
    Kind("gaussians", GaussiansParameters, shard=1, called=("game", "games")),
    Kind("gaussian_path", GaussianPathParameters, called=("trajectory", "trajectories")),
    Kind(
        "number_gan",
        NumberGanParameters,
        unit="step",
        trains=True,
        called=("GAN of numbers", "GANs of numbers"),
    ),
    Kind("objective", ObjectiveParameters, evaluates=True),
    Kind("spec", SpecParameters),
)
KINDS = {kind.name: kind for kind in _ALL}
