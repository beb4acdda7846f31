"""Building blocks of studies: each adds a few tasks to a plan, and knows no particular study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ganray.cost.speed import Speed
from ganray.data.spec import DatasetSpec, Split
from ganray.errors import RefusedInput
from ganray.models import ModelSpec
from ganray.models.encoders.classifier import USUAL_NETWORK, pools
from ganray.plan import Plan, PlanBuilder, Task, portion_name, task_seed
from ganray.plan.parameters import (
    CardParameters,
    DataParameters,
    EncoderParameters,
    TrainParameters,
)
from ganray.plan.roles import gan_role
from ganray.specs import USUAL_SAMPLING, SampleSpec
from ganray.studies.parts.counts import class_rows
from ganray.studies.parts.data import Data, in_chunks, refuse_unfit
from ganray.studies.parts.settings import OfData
from ganray.train.algorithms import check_shared, wants_labels
from ganray.train.encoder_spec import EncoderSpec, wanted_by
from ganray.train.spec import TrainSpec


@dataclass(frozen=True)
class Portion:
    """What a GAN sees of its classes' images, where that is not all of them alike.

    Attributes:
        told: the parameter of its training that says which.
        given: the task that finds out which images these are, by its role among the inputs; none
            where they are all.
    """

    told: dict[str, int]
    given: dict[str, Task]


class Blocks:
    """Adds tasks to `builder` for one data set, from one study seed."""

    def __init__(self, data: Data, seed: int, classes: Sequence[int] = ()) -> None:
        """No tasks yet.

        Args:
            classes: those that the study is of, in ascending order; none: all.
        """
        self.builder = PlanBuilder()
        self.data, self.seed = data, seed
        self.classes = list(classes) or data.everything
        self.part = self.when = ""
        self.of_others = False
        """Whether the present part is of other classes than the study: it has floors of its own."""
        self._parts: dict[str, None] = {}
        self._whose: dict[str, tuple[str, list[str], int, str]] = {}
        """Side, classes, replicate and part of each GAN; the first, where sides share one."""
        self.sampled: dict[str, int] = {}
        """How many samples each GAN gives, by its address; the first, where sides share one."""

    @property
    def subset(self) -> list[int]:
        """The classes that the study is of, where they are not all; else none."""
        return [] if self.classes == self.data.everything else self.classes

    def rows(self, split: Split) -> list[list[int]]:
        """Which images of a split are of the subset; none where there is no subset."""
        return class_rows(self.data.info, split, self.subset)

    @contextmanager
    def within(self, part: str, when: str, classes: Sequence[int] = ()) -> Iterator[None]:
        """What is added meanwhile belongs to a part of the study.

        Args:
            part: how its roles begin, e.g. "at/0.5/", by which `Results.within` finds them again;
                empty for the whole.
            when: what its GANs' titles end in.
            classes: that the part is of; none: those of the study.
        """
        whole = self.classes
        self.part, self.when, self.classes = part, when, list(classes) or whole
        self.of_others = bool(classes)
        self._parts |= {part: None} if part else {}
        yield
        self.part, self.when, self.classes, self.of_others = "", "", whole, False

    def import_data(self, spec: DatasetSpec) -> Task | str:
        """The data set as an artifact, or the address of an external one."""
        if self.data.url is not None:
            self.source: Task | str = f"external/{self.data.fingerprint}/whole"
            return self.source
        info, splits = self.data.info, {"held_out": spec.held_out, "test": spec.test}
        told = DataParameters(fingerprint=self.data.fingerprint, splits=splits, data=spec)
        parameters, chunks = in_chunks(told, self.data)
        self.source = self.builder.add(
            "data", "data", f"data {info.name}", parameters, {}, chunks=chunks
        )
        return self.source

    def train(
        self,
        side: str,
        title: str,
        classes: list[int],
        replicate: int,
        model: ModelSpec,
        spec: TrainSpec,
        iterations: int,
        ranks: int = 1,
        domains: list[list[int]] | None = None,
        classifier: Task | None = None,
        portion: Portion | None = None,
    ) -> Task:
        """One GAN on some classes; joint and marginal GANs differ in nothing but `classes`.

        Args:
            title: what people call it, beside its replicate.
            ranks: how many processes share each batch; part of the key, since it decides in which
                order numbers are added.
            domains: of one that translates, the classes of either domain.
            classifier: of one that changes images, who knows their classes.
            portion: of the classes' images, that the GAN sees; none: all.

        Raises:
            RefusedInput: the classes have fewer training images than the batch, the images a
                shape that the networks do not take, the batch fewer images than ranks, or the
                algorithm cannot train the networks.
        """
        refuse_unfit(self.data, model, spec, classes, domains, classifier is not None)
        _refuse_portion(model, spec, portion)
        if ranks > spec.batch:
            raise RefusedInput(
                f"joint.workers (={ranks}) must be at most train.{spec.told('batch')}: each worker "
                "takes a part of every batch"
            )
        check_shared(model, spec, ranks)
        if model.given and classifier:
            _refuse_another_network(EncoderParameters.of(classifier).encoder.network)
        told: dict[str, Any] = {"world_size": ranks} if ranks > 1 else {}
        told |= {"domains": domains} if domains else {}
        given = {"encoder": classifier} if model.given and classifier else {}
        purpose, names = "train", self.data.names(classes)
        if portion:
            told, given = told | portion.told, given | portion.given
            names = [portion_name(portion.told)]
            purpose = f"train/{names[0]}"
        seed = task_seed(self.seed, purpose, classes, replicate)
        whose = side, names, replicate, self.part
        gan = self.builder.add(
            gan_role("train", *whose),
            "train",
            f"{title} r{replicate}{self.when}",
            TrainParameters(model=model, train=spec, classes=classes, seed=seed, **told),
            {"data": self.source} | given,
            horizon=iterations,
        )
        self._whose.setdefault(gan.address, whose)
        return gan

    def encoder(self, spec: EncoderSpec, role: str = "encoder") -> Task:
        """The data set's own classifier, whose features CAFD is measured on.

        Args:
            role: what the study calls it, where it has several.

        Raises:
            RefusedInput: there are fewer training images than its batch, or they have no labels or
                the network does not take them.
        """
        if self.data.info.labels == "none":
            raise RefusedInput(
                f"the images of {self.data.info.name} have no labels for a classifier to learn; "
                "measure on another of evaluate.encoders, and leave the search out"
            )
        images = sum(self.data.info.counts["train"])
        if images < spec.batch:
            raise RefusedInput(
                f"encoder.{spec.told('batch')} must be at most the training images, {images}"
            )
        shape, classes = self.data.info.shape, len(self.data.info.class_names)
        if wanted := wanted_by(spec.network, shape, classes):
            raise RefusedInput(
                f"encoder.{spec.told('network')} takes {wanted}; those of "
                f"{self.data.info.name} are {' × '.join(map(str, shape))}, of {classes} classes"
            )
        seed = task_seed(self.seed, "encoder", [], 0)
        parameters = EncoderParameters(encoder=spec, seed=seed, pooled=pools(spec.network, shape))
        return self.builder.add(role, "encoder", role, parameters, {"data": self.source})

    def card(
        self, gan: Task, scores: Sequence[Task], sampling: SampleSpec = USUAL_SAMPLING
    ) -> Task:
        """A trained GAN's weights with its full model card."""
        truncated = {} if sampling.truncation is None else {"truncation": sampling.truncation}
        # With one class for all, both sides are one GAN and their scores the same.
        addresses = dict.fromkeys(task.address for task in scores)
        return self.builder.add(
            self.made_of(gan, "card"),
            "card",
            f"card {gan.title}",
            CardParameters(gan=gan.model_dump(mode="json"), **truncated),
            {"gan": gan, "data": self.source}
            | {f"scores/{index}": address for index, address in enumerate(addresses)},
        )

    def plan(
        self,
        study: str,
        settings: OfData,
        sides: Sequence[str],
        speed: Speed | None = None,
        named: bool = False,
    ) -> Plan:
        """The plan of all that was added, under the study's settings.

        Args:
            sides: in the order in which a report compares them.
            speed: by which the budget was converted to iterations, if it was.
            named: whether users name the sides.
        """
        dataset = self.data.info.model_dump(mode="json") | {"url": self.data.url}
        measured = speed.model_dump(mode="json") if speed else None
        told = settings.model_dump(mode="json")
        return self.builder.plan(
            settings.name, study, told, dataset, measured, sides, tuple(self._parts), named
        )

    def called(self, gan: Task) -> list[str]:
        """What a GAN's images are called: their classes, or the one portion of these."""
        return self._whose[gan.address][1]

    def made_of(self, gan: Task, purpose: str) -> str:
        """What something that is made of a GAN is called, by the GAN's own role."""
        return gan_role(purpose, *self._whose[gan.address])


def _refuse_another_network(network: str) -> None:
    """Refuse a classifier that a GAN cannot take over: its own one has CAFD's layers."""
    if network != USUAL_NETWORK:
        raise RefusedInput(
            f"encoder.network (={network!r}): a GAN that is given the set's own classifier takes "
            f"{USUAL_NETWORK!r} alone; use that, or let the GAN train a classifier of its own"
        )


def _refuse_portion(model: ModelSpec, spec: TrainSpec, portion: Portion | None) -> None:
    """Refuse a GAN that is told classes and would see a part of the images that goes by none."""
    if portion and wants_labels(model, spec):
        raise RefusedInput(
            f"model.name (={model.name!r}) by train.algorithm (={spec.algorithm!r}) is told "
            f"each image's class, and a GAN of {portion_name(portion.told)} goes by none; use "
            "networks and an algorithm that are told none"
        )
