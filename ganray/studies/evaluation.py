"""How near are some sets of images to real ones, and to which nearer than others?

No GAN is trained: images come as folders, Parquet files, archives or whatever a data set comes as,
and whatever made them. Every set is brought into the store, embedded on each encoder, and scored by
each metric on equally many of its images. Sources that share a name are one generator's replicates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, field_validator

from ganray.cost.spending import Cost
from ganray.data.spec import Pictures
from ganray.errors import RefusedInput
from ganray.metrics import METRICS, Metric
from ganray.models.encoders import Classifier, Encoder
from ganray.plan import Plan, PlanBuilder, Resources, Task, task_seed
from ganray.plan.measuring import ExtremesParameters, MeasureParameters
from ganray.plan.parameters import (
    DataParameters,
    EmbedParameters,
    EncoderParameters,
)
from ganray.plan.roles import extremes_role, floor_role, measure_role
from ganray.report import Page, Results, sections
from ganray.report.judging import leader
from ganray.scores import ScoreName
from ganray.spec import RUN_NAME, Spec, parse
from ganray.specs import chunks_for
from ganray.studies.evaluate import Evaluate
from ganray.studies.image_sets import GeneratedImages, Images, Opened, Sets, opened
from ganray.studies.ruler import add_weights
from ganray.studies.study import check_weights
from ganray.train.spec import EncoderSpec
from ganray.wording import listed


class EvaluateImages(Evaluate):
    """What is measured of the images, on which encoders, on how many."""

    curve: int = Field(
        2,
        ge=0,
        le=20,
        description="how often the images are halved, to compute every metric on ever fewer: its "
        "curve over their number",
    )
    extremes: int = Field(
        8,
        ge=0,
        le=50,
        description="images of each set that are shown of each sort: farthest from real ones, "
        "nearest to each other and to training images, of kinds that there are too many of",
    )


class Settings(Spec):
    """A study file of this study."""

    study: Literal["evaluation"] = Field("evaluation", description="which study the file is of")
    name: str = Field("evaluation", pattern=RUN_NAME, description="its runs bear it")
    seed: int = Field(0, ge=0, description="everything random follows from it")
    real: Images = Field(description="the images that generated ones are compared with")
    generated: list[GeneratedImages] = Field(min_length=1, description="the sets that are scored")
    train: Images | None = Field(
        None,
        description="images that the generators were trained on: for metrics that ask whether they "
        "were copied, and for a classifier to learn",
    )
    pictures: Pictures = Field(
        Pictures(), description="what is done with the images of every set while they are read"
    )
    paired: bool = Field(
        False,
        description="whether the sources of each name belong together, place by place, as of equal "
        "seeds or splits: sets are then compared by the differences of pairs",
    )
    encoder: EncoderSpec = EncoderSpec()
    evaluate: EvaluateImages = EvaluateImages()
    resources: Resources = Resources()
    cost: Cost = Cost()

    @field_validator("evaluate")
    @classmethod
    def _as_given(cls, evaluate: EvaluateImages) -> EvaluateImages:
        if evaluate.mixture != "real":
            raise ValueError("mixture is of GANs that are sampled; these images are as given")
        return evaluate


def usual_encoders(real: str, train: str | None, pictures: Pictures) -> list[str]:
    """On which encoders images are measured where none is named: on the set's own classifier where
    there are classes and training images to learn them from, and always on pixels.

    Args:
        real, train: sources, as of `Images`.
        pictures: what is done with their images.

    Raises:
        RefusedInput: one cannot be read.
    """
    found = opened("real", parse(Images, {"source": real}, "real"), ("test",), pictures)
    teacher = found
    if train is not None:
        teacher = opened("train", parse(Images, {"source": train}, "train"), ("train",), pictures)
    enough = sum(teacher.data.info.counts["train"]) >= EncoderSpec().batch
    known = found.data.info.labels == teacher.data.info.labels == "classes"
    alike = found.data.info.class_names == teacher.data.info.class_names
    apart = not teacher.shares(found, "train")
    return ["classifier", "pixels"] if enough and known and alike and apart else ["pixels"]


def plan(settings: Settings) -> Plan:
    """The tasks of the study; labels of every source are read, its images are not.

    Raises:
        RefusedInput: a set cannot be read or does not fit the real one, or a metric cannot be
            measured on what there is.
    """
    settings.evaluate.refuse_seeds("images as they are given")
    check_weights(settings.evaluate.encoders)
    how = settings.pictures
    real = opened("real", settings.real, ("test",), how)
    train = opened("train", settings.train, ("train",), how) if settings.train else None
    generated = [opened(f"generated.{one.name}", one, (), how) for one in settings.generated]
    _refuse_unpaired(settings)
    return _Evaluation(settings, Sets(real, train, generated)).plan()


def _refuse_unpaired(settings: Settings) -> None:
    counts = Counter(one.name for one in settings.generated)
    if settings.paired and len(set(counts.values())) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise RefusedInput(
            f"paired (=true) needs as many sources of each name, in their order; {told}"
        )


class _Evaluation:
    """The plan of one evaluation in the making."""

    def __init__(self, settings: Settings, sets: Sets) -> None:
        self.settings, self.sets, self.builder = settings, sets, PlanBuilder()
        self.count = sets.count(settings.evaluate.samples)

    def plan(self) -> Plan:
        """All tasks."""
        for encoder in self.settings.evaluate.encoders:
            metrics = self.settings.evaluate.on(encoder)
            for metric in metrics:
                self._refuse_unfit(metric, encoder)
            self._measure(encoder, metrics)
        info = self.sets.real.data.info
        dataset = info.model_dump(mode="json") | {"url": None}
        told = self.settings.model_dump(mode="json")
        names = tuple(dict.fromkeys(one.name for one in self.settings.generated))
        return self.builder.plan(
            self.settings.name, self.settings.study, told, dataset, None, names, named=True
        )

    @property
    def _as_given(self) -> str:
        """What a protocol says of how the sets came about: images that were resized are others."""
        said = self.settings.pictures.reading.said
        return f"as given, {said}" if said else "as given"

    def _refuse_unfit(self, metric: Metric, encoder: Encoder) -> None:
        called = f"evaluate.metrics ({metric.name})"
        parts = 2 if self.settings.evaluate.resamples else 1
        if self.count < parts * metric.least:
            half = ", as it is computed on halves of them" if parts > 1 else ""
            raise RefusedInput(
                f"{called} needs {parts * metric.least} generated images or more{half}; here are "
                f"{self.count}"
            )
        needed = 2 * max(metric.least_real, metric.least)
        if self.sets.real.count < needed:
            raise RefusedInput(
                f"{called} needs {needed} real images or more, of which one half stands in for "
                f"generated ones in its floor; here are {self.sets.real.count}"
            )
        if "training images" in metric.asks and self.sets.train is None:
            raise RefusedInput(f"{called} asks for training images: name them as `train`")
        labelled = {"real labels": [self.sets.real], "generated labels": self.sets.generated}
        if "class posteriors" in encoder.gives:  # which tell them
            labelled.pop("generated labels")
        asked = [(what, one) for what in labelled if what in metric.asks for one in labelled[what]]
        for what, one in asked:
            if self.sets.labels(one) is None:
                raise RefusedInput(f"{called} asks for {what}, and {self.sets.unlabelled(one)}")

    def _measure(self, encoder: Encoder, metrics: Sequence[Metric]) -> None:
        embedder = self._embedder(encoder)
        given = {"embedder": embedder, "reference": self._embed(encoder, embedder, self.sets.real)}
        asking = {
            metric.name: {"training": self._embed(encoder, embedder, self.sets.train)}
            for metric in metrics
            if "training images" in metric.asks and self.sets.train is not None
        }
        floors = {
            metric.name: self.builder.add(
                floor_role(ScoreName(metric.name, encoder.name)),
                "measure",
                f"floor of {metric.name} on {encoder.name}",
                self._told(encoder, metric, "real"),
                given | asking.get(metric.name, {}),
            )
            for metric in metrics
        }
        seen: dict[str, int] = {}
        for one, images in zip(self.sets.generated, self.settings.generated, strict=True):
            replicate = seen[images.name] = seen.get(images.name, -1) + 1
            made = self._embed(encoder, embedder, one, f"{images.name}/{replicate}")
            for metric in metrics:
                self.builder.add(
                    measure_role(ScoreName(metric.name, encoder.name), images.name, replicate),
                    "measure",
                    f"{metric.name} of {images.name} r{replicate} on {encoder.name}",
                    self._told(encoder, metric, self._as_given),
                    given
                    | asking.get(metric.name, {})
                    | {"set/0": made, "floor": floors[metric.name]},
                )
            if (count := self.settings.evaluate.extremes) and not replicate:
                self.builder.add(
                    extremes_role(encoder.name, images.name),
                    "extremes",
                    f"extremes of {images.name} on {encoder.name}",
                    ExtremesParameters(count=count),
                    {"reference": given["reference"], "set/0": made}
                    | next(iter(asking.values()), {}),
                )

    def _told(self, encoder: Encoder, metric: Metric, mixture: str) -> MeasureParameters:
        info, split = self.sets.real.data.info, self.sets.real.split
        more: dict[str, Any] = {"shape": info.shape} if "pixels" in metric.needs else {}
        if "generated labels" in metric.asks | metric.takes and not self.sets.labelled:
            more["unlabelled"] = True
        if (resamples := self.settings.evaluate.resamples) and mixture != "real":
            more["resamples"] = resamples
        more |= {"curve": curve} if (curve := self.settings.evaluate.curve) else {}
        return MeasureParameters(
            encoder=encoder.name,
            preprocessing=encoder.preprocessing,
            dataset=f"{info.name}@{self.sets.real.data.fingerprint[:12]}",
            among=[],
            metric=metric,
            mixture=mixture,
            count=self.count,
            **more | ({} if split == "test" else {"against": split}),
        )

    def _embedder(self, encoder: Encoder) -> Task:
        if not isinstance(encoder, Classifier):
            return add_weights(self.builder, encoder)
        teacher = self.sets.teacher(encoder.name, self.settings.encoder.batch)
        seed = task_seed(self.settings.seed, "encoder", [], 0)
        return self.builder.add(
            "encoder",
            "encoder",
            "encoder",
            EncoderParameters(
                encoder=self.settings.encoder,
                seed=seed,
                images=sum(teacher.data.info.counts["train"]),
            ),
            {"data": self._import(teacher)},
        )

    def _import(self, one: Opened) -> Task:
        role = "data" if one is self.sets.real else f"data/{one.called.replace('.', '/', 1)}"
        return self.builder.add(
            self._free(role, one),
            "data",
            f"data {one.called}",
            self._imported(one),
            {},
        )

    def _imported(self, one: Opened) -> DataParameters:
        splits = {"held_out": None, "test": None}
        return DataParameters(
            fingerprint=one.data.fingerprint,
            splits=splits,
            data=one.dataset,
            whole=True,
            images=sum(map(sum, one.data.info.counts.values())),
        )

    def _free(self, role: str, one: Opened) -> str:
        """A role for each source of one name."""
        number = [other for other in self.sets.generated if other.called == one.called]
        place = next((at for at, other in enumerate(number) if other is one), 0)
        return f"{role}/{place}" if place else role

    def _embed(
        self, encoder: Encoder, embedder: Task, one: Opened, called: str | None = None
    ) -> Task:
        # Of a set that is scored no more than are scored, so that all are equally many.
        scored = one in self.sets.generated and one.count > self.count
        more: dict[str, Any] = {"drawn": self.count} if scored else {}
        more |= {"split": one.split, "labelled": self.sets.labels(one)}
        return self.builder.add(
            f"embed/{encoder.name}/{called or one.called}",
            "embed",
            f"features of {called or one.called} on {encoder.name}",
            EmbedParameters.on(encoder, **more),
            {"embedder": embedder, "data": self._import(one)},
            chunks=chunks_for(self.count if scored else one.count, encoder.chunk),
        )


def page(results: Results) -> Page:
    """Scores of all sets, their images, and what this rests on."""
    sides = results.plan.sides
    parts = [
        sections.scores_section(results, sides),
        sections.certainty_section(results, sides),
        sections.extremes_section(results),
        sections.image_sets_section(results),
        sections.compute_section(results),
        sections.protocol_section(results),
    ]
    return Page(
        title="How near are these images to real ones?",
        subject=str(results.plan.dataset["name"]),
        lead=_lead(results, sides),
        sections=[part for part in parts if part is not None],
    )


def _lead(results: Results, sides: Sequence[str]) -> str:
    """Which set is the nearest by each metric, on how many encoders, and whether that is sure."""
    best: dict[str, list[str]] = {}
    sure = True
    for name in results.measured if len(sides) > 1 else ():
        if any(gap.name == name for gap in results.undefined):
            continue  # who has no value may be the worst of all
        nearest, certain = leader(results, name, sides)
        sure &= certain
        if nearest is not None:
            best.setdefault(METRICS.member(name.metric).title, []).append(nearest)
    if not best:
        scores = "score" if len(results.measured) == 1 else "scores"
        return f"{listed(list(sides))} against real images: {len(results.measured)} {scores}."
    said = [f"{metric}: {_agreed(found)}" for metric, found in best.items()]
    doubt = "" if sure else " Not all of it is sure: see the intervals over replicates."
    return f"Best of {len(sides)} sets, by their means: {'; '.join(said)}.{doubt}"


def _agreed(found: Sequence[str]) -> str:
    """Who is the best on most encoders, and on how many where these are several."""
    if len(found) == 1:
        return found[0]
    (most, count), *_ = Counter(found).most_common()
    return f"{most} on {count} of {len(found)} encoders"
