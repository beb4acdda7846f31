"""The two sides of a comparison: one GAN for each partition of the classes, and one for all.

Where the partitions leave classes out, the comparison is of the others alone: the joint GAN is
trained on them, real images of them are the reference and the floor, and posteriors are among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganray.plan import Task
from ganray.report import Results, sections
from ganray.report.page import Section
from ganray.roles import SIDES
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


def rulers(blocks: Blocks, evaluate: Evaluate, encoder: Task) -> list[Ruler]:
    """The networks that both sides are measured on, with their floors.

    Raises:
        RefusedInput: a side would give more samples than are held out.
    """
    count = sample_count(evaluate, blocks.data.info, blocks.classes)
    found = [blocks.ruler("classifier", encoder, evaluate, count)]
    if evaluate.imagenet:
        weights = blocks.imagenet(evaluate.imagenet)
        found.append(blocks.ruler("imagenet", weights, evaluate, count))
    return found


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
                scores = blocks.measure(ruler, f"{side}/{replicate}", members, counts, mixture)
                for gan in members:
                    measured.setdefault(gan.address, []).append(scores)
    return measured


def evidence(results: Results) -> list[Section | None]:
    """What a report shows below its verdict; None for a part that this run has not."""
    return [
        sections.scores_section(results, *SIDES),
        sections.samples_section(results, *SIDES, ruler="classifier"),
        sections.losses_section(results),
        sections.search_section(results),
        sections.compute_section(results),
        sections.protocol_section(results),
    ]
