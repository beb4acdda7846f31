"""One GAN for each class, or one for all? The source document's main comparison.

Both sides are trained for the same iterations each (the document's protocol), sampled by the same
class distribution, and measured on the same features with the same number of images.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganray.data.spec import DatasetSpec
from ganray.errors import RefusedInput
from ganray.models.spec import ModelSpec
from ganray.plan import Plan, Resources, Task, partitions
from ganray.report import Page, Results, sections
from ganray.spec import RUN_NAME, Spec
from ganray.studies.blocks import Blocks, Data, Ruler
from ganray.studies.rules import mixture_counts, sample_count
from ganray.studies.settings import Budget, Evaluate, RangeSearch
from ganray.train.spec import EncoderSpec, TrainSpec

NAME = "marginal_vs_joint"


class Settings(Spec):
    """A study file of this study."""

    study: Literal["marginal_vs_joint"] = "marginal_vs_joint"
    name: str = Field("study", pattern=RUN_NAME)
    seed: int = Field(0, ge=0)
    replicates: int = Field(1, ge=1, description="GANs trained anew from other seeds, both sides")
    marginals: Literal["per_class"] | list[list[int | str]] = "per_class"
    data: DatasetSpec = DatasetSpec()
    model: ModelSpec = ModelSpec()
    train: TrainSpec = TrainSpec()
    budget: Budget = Budget()
    encoder: EncoderSpec = EncoderSpec()
    evaluate: Evaluate = Evaluate()
    search: RangeSearch = RangeSearch()
    resources: Resources = Resources()


def plan(settings: Settings, data: Data, other: Data | None = None) -> Plan:
    """The tasks of the study, in the order in which they should start: the joint GANs first.

    Args:
        other: the data set of `search.other`, whose images are probe images.

    Raises:
        RefusedInput: settings and data do not fit, e.g. a class smaller than the batch.
    """
    blocks = Blocks(data, settings.seed)
    blocks.import_data(settings.data)
    groups = partitions(settings.marginals, data.info.class_names)
    everyone, replicates = data.everything, range(settings.replicates)

    def train(side: str, classes: list[int], replicate: int) -> Task:
        iterations = settings.budget.iterations
        return blocks.train(side, classes, replicate, settings.model, settings.train, iterations)

    joint = [train("joint", everyone, r) for r in replicates]
    encoder = blocks.encoder(settings.encoder)
    marginals = [[train("marginal", group, r) for group in groups] for r in replicates]
    gans = {"joint": joint[0]}
    for group, gan in zip(groups, marginals[0], strict=True):
        gans.setdefault(data.label(group), gan)  # "joint" is the joint GAN, whatever a class is
    _search(blocks, settings.search, gans, encoder, other)
    count = sample_count(settings.evaluate, data.info)
    shares = mixture_counts(groups, data.info, settings.evaluate.mixture, count)
    measured: dict[str, list[Task]] = {}
    for ruler in _rulers(blocks, settings.evaluate, encoder, count):
        for r in replicates:
            sides = {"joint": ([joint[r]], [count]), "marginal": (marginals[r], shares)}
            for side, (members, counts) in sides.items():
                mixture = settings.evaluate.mixture
                scores = blocks.measure(ruler, f"{side}/{r}", members, counts, mixture)
                for gan in members:
                    measured.setdefault(gan.address, []).append(scores)
    for gan in [*joint, *(gan for row in marginals for gan in row)]:
        blocks.card(gan, measured[gan.address])
    dataset = data.info.model_dump(mode="json") | {"url": data.url}
    return blocks.builder.plan(settings.name, NAME, settings.model_dump(mode="json"), dataset)


def _rulers(blocks: Blocks, evaluate: Evaluate, encoder: Task, count: int) -> list[Ruler]:
    rulers = [blocks.ruler("classifier", encoder, evaluate, count)]
    if evaluate.imagenet:
        weights = blocks.imagenet(evaluate.imagenet)
        rulers.append(blocks.ruler("imagenet", weights, evaluate, count))
    return rulers


def _search(
    blocks: Blocks,
    search: RangeSearch,
    gans: dict[str, Task],
    encoder: Task,
    other: Data | None,
) -> None:
    for name in search.on:
        if name not in gans:
            raise RefusedInput(f"search.on (={name!r}) must be one of: {', '.join(gans)}")
    if search.on:
        targets = blocks.targets(search, other)
        for name in search.on:
            blocks.search(name, gans[name], targets, encoder, search)


def page(results: Results) -> Page:
    """The study's report: who is better by how much, then everything that this rests on."""
    sides = "marginal", "joint"
    parts = [
        sections.verdict_section(results, *sides),
        sections.scores_section(results, *sides),
        sections.samples_section(results, *sides, ruler="classifier"),
        sections.losses_section(results),
        sections.search_section(results),
        sections.compute_section(results),
        sections.protocol_section(results),
    ]
    return Page(
        title="One GAN per class, or one for all?",
        subject=str(results.plan.dataset["name"]),
        lead=sections.verdict_lead(results, *sides),
        sections=[part for part in parts if part is not None],
    )
