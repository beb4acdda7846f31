"""The two sides of a comparison: one GAN for each partition of the classes, and one for all.

Where the partitions leave classes out, the comparison is of the others alone: the joint GAN is
trained on them, real images of them are the reference and the floor, and posteriors are among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganray.errors import quoted
from ganray.names import label
from ganray.plan import Task
from ganray.report import Results, sections
from ganray.report.page import Section
from ganray.roles import SIDES, chosen
from ganray.studies.blocks import Blocks, Data, Ruler
from ganray.studies.budgets import Horizons
from ganray.studies.counts import mixture_counts, sample_count
from ganray.studies.settings import ComparisonSettings, Evaluate


def comparison_blocks(settings: ComparisonSettings, data: Data, groups: list[list[int]]) -> Blocks:
    """The blocks of a study of the classes that its marginal GANs cover, its data in place."""
    covered = sorted(index for group in groups for index in group)
    blocks = Blocks(data, settings.seed, covered)
    blocks.import_data(settings.data)
    return blocks


@dataclass(frozen=True)
class Sides:
    """The GANs of both sides, by replicate; the marginal ones of each in the order of `groups`."""

    groups: list[list[int]]
    joint: list[Task]
    marginal: list[list[Task]]

    @property
    def gans(self) -> list[Task]:
        """All of them, the joint ones first."""
        return [*self.joint, *(gan for row in self.marginal for gan in row)]


def train_joint(blocks: Blocks, settings: ComparisonSettings, until: Horizons) -> list[Task]:
    """The joint GAN of each replicate, on the study's classes. Errors as in `Blocks.train`."""
    model, train = settings.model, settings.train
    ranks = settings.joint.workers
    return [
        blocks.train("joint", blocks.classes, replicate, model, train, until.joint, ranks)
        for replicate in range(settings.replicates)
    ]


def train_marginals(
    blocks: Blocks, settings: ComparisonSettings, groups: list[list[int]], until: Horizons
) -> list[list[Task]]:
    """The marginal GANs of each replicate. Errors as in `Blocks.train`."""
    model, train = settings.model, settings.train
    return [
        [
            blocks.train("marginal", group, replicate, model, train, end)
            for group, end in zip(groups, until.marginal, strict=True)
        ]
        for replicate in range(settings.replicates)
    ]


def add_embedders(blocks: Blocks, settings: ComparisonSettings) -> None:
    """The networks that both sides are measured on, early in the plan: all scores wait for them.

    Raises:
        RefusedInput: as `Blocks.encoder`.
    """
    for encoder in settings.evaluate.encoders:
        blocks.embedder(encoder, settings.encoder)


def rulers(blocks: Blocks, settings: ComparisonSettings) -> list[Ruler]:
    """The encoders that both sides are measured on, with their floors.

    Raises:
        RefusedInput: a side would give more samples than are held out; or as `Blocks.encoder`.
    """
    evaluate = settings.evaluate
    count = sample_count(evaluate, blocks.data.info, blocks.classes)
    return [
        blocks.ruler(encoder, evaluate.on(encoder), settings.encoder, count)
        for encoder in evaluate.encoders
    ]


def measure(
    blocks: Blocks, sides: Sides, measured_on: Sequence[Ruler], evaluate: Evaluate
) -> dict[str, list[Task]]:
    """Score both sides of every replicate; the tasks that measure a GAN, by its address."""
    info, mixture = blocks.data.info, evaluate.mixture
    count = sample_count(evaluate, info, blocks.classes)
    shares = mixture_counts(sides.groups, info, mixture, count)
    measured: dict[str, list[Task]] = {}
    for ruler in measured_on:
        for replicate, (joint, marginal) in enumerate(
            zip(sides.joint, sides.marginal, strict=True)
        ):
            both = {"joint": ([joint], [count]), "marginal": (marginal, shares)}
            for side, (members, counts) in both.items():
                scores = blocks.measure(ruler, side, replicate, members, counts, mixture)
                for gan in members:
                    measured.setdefault(gan.address, []).extend(scores)
    return measured


def plan_search(
    blocks: Blocks, settings: ComparisonSettings, sides: Sides, other: Data | None
) -> None:
    """The range-space searches on the GANs of the first replicate that `search.on` names.

    Raises:
        RefusedInput: it names a GAN that there is not; or as `Blocks.encoder`.
    """
    search = settings.search
    groups = [blocks.data.names(group) for group in sides.groups]
    known = ["joint", *map(label, groups)]

    def named(name: str) -> Task:
        if name == "joint":  # in any case: a class of that name is '"joint"'
            return sides.joint[0]
        said = f"search.on (={quoted(name)})"
        return sides.marginal[0][chosen(name, groups, said, known)]

    gans = {name: named(name) for name in search.on}
    if search.on:
        targets, encoder = blocks.targets(search, other), blocks.encoder(settings.encoder)
        for name, gan in gans.items():
            blocks.search(name, gan, targets, encoder, search)


def evidence(results: Results) -> list[Section | None]:
    """What a report shows below its verdict; None for a part that this run has not."""
    return [
        sections.scores_section(results, *SIDES),
        sections.samples_section(results, *SIDES),
        sections.losses_section(results),
        sections.search_section(results),
        sections.compute_section(results),
        sections.protocol_section(results),
    ]
