"""The tasks that score sets of images as they are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganray.data.pictures.decoding import LOSSY_NOTE
from ganray.errors import RefusedInput
from ganray.metrics import Metric
from ganray.models.encoders import Classifier, Encoder
from ganray.models.encoders.classifier import pools
from ganray.plan import Plan, PlanBuilder, Task, task_seed
from ganray.plan.measuring import ExtremesParameters, MeasureParameters
from ganray.plan.parameters import (
    DataParameters,
    EmbedParameters,
    EncoderParameters,
)
from ganray.plan.roles import extremes_role, floor_role, measure_role
from ganray.scores import ScoreName
from ganray.specs import chunks_for
from ganray.studies.parts.data import in_chunks
from ganray.studies.parts.scoring.evaluation_settings import Settings
from ganray.studies.parts.scoring.image_sets import Opened, Sets
from ganray.studies.parts.scoring.ruler import add_weights, preprocessing


class SetScores:
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
        dataset = info.model_dump(mode="json") | {"url": None, "notes": self._notes}
        told = self.settings.model_dump(mode="json")
        names = tuple(dict.fromkeys(one.name for one in self.settings.generated))
        return self.builder.plan(
            self.settings.name, self.settings.study, told, dataset, None, names, named=True
        )

    @property
    def _notes(self) -> str:
        """What is to be known of each set, and of sets that were compressed in different ways."""
        train = [self.sets.train] if self.sets.train else []
        sets = [self.sets.real, *train, *self.sets.generated]
        told = [f"{one.called}: {one.data.info.notes}" for one in sets if one.data.info.notes]
        jpeg = [LOSSY_NOTE in one.data.info.notes for one in (self.sets.real, *self.sets.generated)]
        if any(jpeg) and not all(jpeg):
            told.append(
                "Some of these sets are JPEG-compressed and others are not: metrics that see "
                "fine detail tell them apart by that alone."
            )
        return " ".join(told)

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
            preprocessing=preprocessing(encoder, self.settings.encoder.network, info.shape),
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
                pooled=pools(self.settings.encoder.network, teacher.data.info.shape),
            ),
            {"data": self._import(teacher)},
        )

    def _import(self, one: Opened) -> Task:
        role = "data" if one is self.sets.real else f"data/{one.called.replace('.', '/', 1)}"
        parameters, chunks = in_chunks(self._imported(one), one.data)
        return self.builder.add(
            self._free(role, one), "data", f"data {one.called}", parameters, {}, chunks=chunks
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
