"""What are images worth that a GAN makes of real ones, as siblings of every other class? ModNet.

After Basart's Analysis of Generative Adversarial Models, chapter 2: siblings of held-out images are
shown to the data set's own classifier (do they fool it?), and to the search for the nearest image
(are they anything but their own source?); siblings of training images teach another classifier,
beside the few real images that they were made of or alone.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from ganray.cost.spending import Cost
from ganray.data.spec import Split
from ganray.errors import RefusedInput
from ganray.models.encoders import Classifier, Encoder
from ganray.models.encoders.classifier import pools
from ganray.plan import Plan, Task, task_seed
from ganray.plan.lessons import ClassifyParameters
from ganray.plan.measuring import SiblingsParameters
from ganray.plan.parameters import EmbedParameters, SampleParameters, TrainParameters
from ganray.report import Page, Results, sections
from ganray.report.sections.lessons.siblings import (
    ALONE,
    lesson_role,
    siblings_lead,
    siblings_sections,
)
from ganray.specs import SampleSpec, chunks_for
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.budgets import Probe, horizons, iteration_cost
from ganray.studies.parts.data import Data, refuse_unlabelled
from ganray.studies.parts.scoring.evaluate import MOST_IMAGES
from ganray.studies.parts.scoring.measuring import measure_side
from ganray.studies.parts.scoring.ruler import add_embedder, add_ruler
from ganray.studies.parts.settings import (
    MOST_SEEDS,
    Budget,
    Distinct,
    NamedGan,
    OfImages,
    names_differ,
)

Count = Annotated[int, Field(ge=1, le=MOST_IMAGES)]


class Settings(OfImages):
    """A study file of this study."""

    study: Literal["siblings"] = Field("siblings", description="which study the file is of")
    modnets: list[NamedGan] = Field(min_length=1, description="the sides: networks of modnet")
    replicates: int = Field(1, ge=1, le=MOST_SEEDS, description="GANs trained anew")
    budget: Budget = Field(Budget(), description="of each GAN")
    judged: int = Field(100, ge=1, le=MOST_IMAGES, description="held-out images with siblings")
    real: Distinct[Count] = Field(
        [10, 100, 1000], min_length=1, description="numbers of real images that teach a classifier"
    )
    lessons: int = Field(500, ge=1, description="iterations in which one is taught, each alike")
    cost: Cost = Cost()

    @field_validator("modnets")
    @classmethod
    def _names_differ(cls, modnets: list[NamedGan]) -> list[NamedGan]:
        names_differ(modnets, ALONE)
        return modnets


def plan(settings: Settings, data: Data, _: Data | None = None, __: Probe | None = None) -> Plan:
    """The tasks of the study.

    Raises:
        RefusedInput: settings and data do not fit.
    """
    refuse_unlabelled(data, settings.study)
    _refuse(settings, data)
    blocks = Blocks(data, settings.seed)
    blocks.import_data(settings.data)
    classifier = blocks.encoder(settings.encoder)
    sides = {one.name: _train(blocks, settings, one, classifier) for one in settings.modnets}
    for encoder in settings.evaluate.encoders:
        add_embedder(blocks, encoder, settings.encoder)
    for real in settings.real:
        for replicate in range(settings.replicates):
            _teach(blocks, settings, real, replicate)
    scores: dict[str, list[Task]] = {}
    for name, gans in sides.items():
        for replicate, gan in enumerate(gans):
            scores[gan.address] = _judge(blocks, settings, name, replicate, gan, classifier)
            made = _siblings(blocks, gan, "train", max(settings.real))
            for real in settings.real:
                for shown in ("siblings", "both"):
                    _teach(blocks, settings, real, replicate, gan, name, made, shown)
    for gans in sides.values():
        for gan in gans:
            blocks.card(gan, scores[gan.address])
    return blocks.plan(settings.study, settings, [*sides], named=True)


def _refuse(settings: Settings, data: Data) -> None:
    info = data.info
    held_out, train = (sum(info.counts[split]) for split in ("held_out", "train"))
    if settings.judged > held_out:
        raise RefusedInput(f"judged (={settings.judged}) must be at most {held_out}, the held-out "
                           f"images of {info.name}")  # fmt: skip
    if max(settings.real) > train:
        raise RefusedInput(f"real (={settings.real}) must be at most {train}, the training images "
                           f"of {info.name}")  # fmt: skip
    settings.evaluate.refuse_seeds("siblings of real images")
    if settings.evaluate.samples is not None:
        raise RefusedInput(
            f"evaluate.samples (={settings.evaluate.samples}): siblings are as many as `judged` "
            "says; leave it out"
        )
    if settings.budget.unit == "device_seconds":
        raise RefusedInput(
            "budget.device_seconds is converted at the speed of one kind of GAN; name "
            "budget.iterations, images or flops"
        )


def _train(blocks: Blocks, settings: Settings, one: NamedGan, classifier: Task) -> list[Task]:
    classes = len(blocks.classes)
    try:
        if not one.model.of_images or one.model.translates:
            raise RefusedInput(f"model.name (={one.model.name!r}) makes no siblings; modnet does")
        cost = iteration_cost(
            settings.budget, blocks.data.info.shape, one.model, one.train, None, classes
        )
        until = horizons(settings.budget, cost, 1).joint
        return [
            blocks.train(
                one.name, one.name, blocks.classes, replicate, one.model, one.train, until,
                classifier=classifier,
            )
            for replicate in range(settings.replicates)
        ]  # fmt: skip
    except RefusedInput as error:
        raise RefusedInput(f"modnets ({one.name}): {error}") from None


def _siblings(blocks: Blocks, gan: Task, split: Split, first: int) -> Task:
    trained, sampling = TrainParameters.of(gan), SampleSpec()
    count = first * (len(blocks.classes) - 1)
    return blocks.builder.add(
        blocks.made_of(gan, f"sample/{split}" if split == "train" else "sample"),
        "sample",
        f"siblings {gan.title} of {first} {split.replace('_', '-')} images",
        SampleParameters(
            model=trained.model,
            sample=sampling,
            seed=_order(blocks),
            sources=blocks.classes,
            split=split,
            first=first,
        ),
        {"gan": gan, "data": blocks.source},
        horizon=count,
        chunks=chunks_for(count, sampling.chunk),
    )


def _order(blocks: Blocks) -> int:
    """The seed by which images are chosen that have siblings: the same ones for all sides."""
    return task_seed(blocks.seed, "siblings", [], 0)


def _judge(
    blocks: Blocks, settings: Settings, name: str, replicate: int, gan: Task, classifier: Task
) -> list[Task]:
    made = _siblings(blocks, gan, "held_out", settings.judged)
    count = made.horizon or 0

    def embedded(encoder: Encoder, embedder: Task) -> Task:
        return blocks.builder.add(
            blocks.made_of(gan, f"embed/{encoder.name}"),
            "embed",
            f"features {gan.title} {encoder.name}",
            EmbedParameters.on(encoder),
            {"embedder": embedder, "images": made},
            chunks=chunks_for(count, encoder.chunk),
        )

    features = embedded(Classifier(), classifier)
    blocks.builder.add(
        blocks.made_of(gan, "siblings"),
        "siblings",
        f"judgement {gan.title}",
        SiblingsParameters(drawn=SampleParameters.of(made)),
        {"images": made, "features": features, "data": blocks.source},
    )
    found: list[Task] = []
    held_out = sum(blocks.data.info.counts["held_out"])
    for encoder in settings.evaluate.encoders:
        on = settings.evaluate.on(encoder)
        ruler = add_ruler(blocks, encoder, on, settings.encoder, min(count, held_out))
        seen = embedded(encoder, ruler.embedder)
        found += measure_side(
            *(blocks, ruler, name, replicate, {"set/0": seen}, "real"),
            resamples=settings.evaluate.resamples,
            curve=settings.evaluate.curve,
        )
    return found


def _teach(
    blocks: Blocks,
    settings: Settings,
    real: int,
    replicate: int,
    gan: Task | None = None,
    side: str = ALONE,
    made: Task | None = None,
    shown: Literal["real", "siblings", "both"] = "real",
) -> None:
    blocks.builder.add(
        lesson_role(shown, side, real, replicate),
        "classify",
        f"lesson of {real} real images, {shown}" + (f", {gan.title}" if gan else f" r{replicate}"),
        ClassifyParameters(
            encoder=settings.encoder,
            seed=task_seed(settings.seed, "lesson", [], replicate),
            iterations=settings.lessons,
            classes=blocks.classes,
            order=_order(blocks),
            real=real,
            shown=shown,
            pooled=pools(settings.encoder.network, blocks.data.info.shape),
        ),
        {"data": blocks.source} | ({"images": made} if made else {}),
    )


def page(results: Results) -> Page:
    """Pictures and judgements, then what siblings teach, then what this rests on."""
    parts = [
        *siblings_sections(results),
        sections.scores_section(results, results.plan.sides),
        sections.losses_section(results),
        sections.compute_section(results),
        sections.protocol_section(results),
    ]
    return Page.of(
        "What are siblings of real images worth?",
        str(results.plan.dataset["name"]),
        siblings_lead(results),
        parts,
    )
