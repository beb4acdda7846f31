"""Which translator between two domains is the best, and what does it cost?

CycleGAN, the fused one, pix2pix: every one is trained once for each replicate, both ways where it
has both. Its translations of all held-out images of one domain are measured against the test images
of the other, as the held-out images of the other are (the floor), and as images are that are left
untouched. Of views of one set of images (`data.views`) an image's counterpart is known, and how far
translations are from these is measured too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, field_validator

from ganray.cost.spending import Cost
from ganray.errors import RefusedInput
from ganray.models.translating import Domain, Translating
from ganray.plan import Plan, Task, task_seed
from ganray.plan.measuring import CounterpartParameters
from ganray.plan.parameters import EmbedParameters, SampleParameters, TrainParameters
from ganray.report import Page, Results, sections
from ganray.report.sections.images.translation import (
    DIRECTIONS,
    UNTOUCHED,
    domain_name,
    translation_lead,
)
from ganray.report.sections.images.translation import translation_sections as shown
from ganray.specs import SampleSpec, chunks_for
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.budgets import Probe, horizons, iteration_cost
from ganray.studies.parts.counts import class_rows, needing
from ganray.studies.parts.data import Data
from ganray.studies.parts.domains import refuse_unpaired, two_domains
from ganray.studies.parts.scoring.evaluate import Evaluate
from ganray.studies.parts.scoring.measuring import measure_side
from ganray.studies.parts.scoring.ruler import Ruler, add_embedder, add_ruler
from ganray.studies.parts.settings import MOST_SEEDS, Budget, NamedGan, OfImages, names_differ


class Settings(OfImages):
    """A study file of this study."""

    study: Literal["translation"] = Field("translation", description="which study the file is of")
    domains: list[list[int | str]] | None = Field(
        None,
        description="the classes of either domain; none: of the first and second of two views, or "
        "of two classes one each",
    )
    translators: list[NamedGan] = Field(min_length=1, description="the sides")
    replicates: int = Field(
        1, ge=1, le=MOST_SEEDS, description="translators trained anew from other seeds"
    )
    budget: Budget = Field(Budget(), description="of each translator")
    cost: Cost = Cost()

    @field_validator("translators")
    @classmethod
    def _names_differ(cls, translators: list[NamedGan]) -> list[NamedGan]:
        names_differ(translators, UNTOUCHED)
        return translators

    @field_validator("domains")
    @classmethod
    def _two_apart(cls, domains: list[list[int | str]] | None) -> list[list[int | str]] | None:
        if domains is not None and (len(domains) != 2 or not all(domains)):
            raise ValueError(f"(={domains!r}) must be two lists of classes, neither empty")
        return domains


def plan(settings: Settings, data: Data, _: Data | None = None, __: Probe | None = None) -> Plan:
    """The tasks of the study: the translators first, then each direction's measurements.

    Raises:
        RefusedInput: settings and data do not fit.
    """
    if settings.budget.unit == "device_seconds":
        raise RefusedInput(
            "budget.device_seconds is converted at the speed of one kind of GAN, and translators "
            "are of several; name budget.iterations, images or flops"
        )
    domains, paired = two_domains(settings.domains, settings.data, data)
    blocks = Blocks(data, settings.seed, sorted(domains[0] + domains[1]))
    blocks.import_data(settings.data)
    sides = {one.name: _train(blocks, settings, one, domains) for one in settings.translators}
    for encoder in settings.evaluate.encoders:
        add_embedder(blocks, encoder, settings.encoder)
    scores: dict[str, list[Task]] = {}
    for to, part in DIRECTIONS.items():
        sources, targets = domains if to == "b" else domains[::-1]
        way = _Way(to, sources, targets, paired)
        ready = {name: gans for name, gans in sides.items() if to in _ways(gans[0])}
        if ready:
            with blocks.within(
                part, f" to {domain_name(data.names(targets), settings.data.views)}", targets
            ):
                _measure(blocks, settings, way, ready, scores)
    for gans in sides.values():
        for gan in gans:
            blocks.card(gan, scores.get(gan.address, []))
    names = [*sides, UNTOUCHED]
    return blocks.plan(settings.study, settings, names, named=True)


@dataclass(frozen=True)
class _Way:
    """One direction.

    Attributes:
        paired: whether sources have counterparts among the targets, in their order.
    """

    to: Domain
    sources: list[int]
    targets: list[int]
    paired: bool


def _train(
    blocks: Blocks, settings: Settings, one: NamedGan, domains: list[list[int]]
) -> list[Task]:
    info = blocks.data.info
    try:
        if one.train.together:
            refuse_unpaired(one.train, settings.data, blocks.data, domains)
        cost = iteration_cost(settings.budget, info.shape, one.model, one.train, None, 2)
        until = horizons(settings.budget, cost, 1).joint
        return [
            blocks.train(
                one.name,
                one.name,
                blocks.classes,
                replicate,
                one.model,
                one.train,
                until,
                domains=domains,
            )
            for replicate in range(settings.replicates)
        ]
    except RefusedInput as error:
        raise RefusedInput(f"translators ({one.name}): {error}") from None


def _ways(gan: Task) -> tuple[Domain, ...]:
    model = TrainParameters.of(gan).model
    assert isinstance(model, Translating)  # else it would not have been trained
    return model.ways


def _measure(
    blocks: Blocks,
    settings: Settings,
    way: _Way,
    sides: dict[str, list[Task]],
    scores: dict[str, list[Task]],
) -> None:
    """All scores of one direction, added to `scores` by the translator that they are of."""
    count = _count(blocks, settings.evaluate, way)
    for encoder in settings.evaluate.encoders:
        on = settings.evaluate.on(encoder)
        ruler = add_ruler(blocks, encoder, on, settings.encoder, count)
        _score_untouched(blocks, ruler, way)
        for replicate in range(settings.replicates):
            for name, gans in sides.items():
                gan = gans[replicate]
                features = _translated(blocks, ruler, gan, way, count)
                found = measure_side(
                    *(blocks, ruler, name, replicate, {"set/0": features}, "real"),
                    resamples=settings.evaluate.resamples,
                    curve=settings.evaluate.curve,
                )
                scores.setdefault(gan.address, []).extend(found)
                if way.paired:
                    _compare(blocks, ruler, gan, features, way)


def _count(blocks: Blocks, evaluate: Evaluate, way: _Way) -> int:
    info = blocks.data.info
    counts = [
        sum(info.counts["held_out"][index] for index in group)
        for group in (way.sources, way.targets)
    ]
    evaluate.refuse_seeds("translations of real images")
    if evaluate.samples is not None:
        raise RefusedInput(
            f"evaluate.samples (={evaluate.samples}): every held-out image is translated once; "
            "leave it out, and set data.held_out"
        )
    if min(counts) < evaluate.neediest.least:
        raise RefusedInput(
            f"{info.name} has {counts[0]} and {counts[1]} held-out images of the domains; "
            f"{needing(evaluate.neediest)} needs {evaluate.neediest.least} or more of each; raise "
            "data.held_out"
        )
    return counts[0]


def _translated(blocks: Blocks, ruler: Ruler, gan: Task, way: _Way, count: int) -> Task:
    """The features of what a translator makes of the held-out images."""
    trained, sampling = TrainParameters.of(gan), SampleSpec()
    samples = blocks.builder.add(
        blocks.part + blocks.made_of(gan, "sample"),
        "sample",
        f"translations {gan.title}{blocks.when}",
        SampleParameters(
            model=trained.model.model_copy(update={"to": way.to}),
            sample=sampling,
            seed=task_seed(trained.seed, "sample", [], 0),
            sources=way.sources,
        ),
        {"gan": gan, "data": blocks.source},
        horizon=count,
        chunks=chunks_for(count, sampling.chunk),
    )
    told = EmbedParameters.on(ruler.encoder)
    return blocks.builder.add(
        blocks.part + blocks.made_of(gan, f"embed/{ruler.encoder.name}"),
        "embed",
        f"features {gan.title}{blocks.when} {ruler.encoder.name}",
        told,
        {"embedder": ruler.embedder, "images": samples},
        chunks=chunks_for(count, told.embed.chunk),
    )


def _score_untouched(blocks: Blocks, ruler: Ruler, way: _Way) -> None:
    """Sources as they are, in the place of translations."""
    rows = class_rows(blocks.data.info, "held_out", way.sources)
    spans = [(start, end) for start, end in rows]
    sets = {"set/0": ruler.held_out}
    measure_side(blocks, ruler, UNTOUCHED, 0, sets, "real", spans)


def _compare(blocks: Blocks, ruler: Ruler, gan: Task, features: Task, way: _Way) -> None:
    """What is known of the counterparts: with classes, where the encoder knows these."""
    if "class posteriors" not in ruler.encoder.gives:
        return
    rows = class_rows(blocks.data.info, "held_out", way.targets)
    blocks.builder.add(
        blocks.part + blocks.made_of(gan, "counterpart"),
        "counterpart",
        f"counterparts {gan.title}{blocks.when}",
        CounterpartParameters(
            sources=way.sources, targets=way.targets, rows=[(start, end) for start, end in rows]
        ),
        {
            "images": features.inputs["images"],
            "features": features,
            "held_out": ruler.held_out,
            "data": blocks.source,
        },
    )


def page(results: Results) -> Page:
    """Each direction with its scores and pictures, then what the translators cost."""
    parts = [
        *shown(results),
        sections.losses_section(results),
        sections.compute_section(results),
        sections.protocol_section(results),
    ]
    return Page.of(
        "Which translator, and at what cost?",
        str(results.plan.dataset["name"]),
        translation_lead(results),
        parts,
    )
