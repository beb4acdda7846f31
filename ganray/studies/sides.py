"""The sides of a comparison: one GAN for each partition of the classes, and one for all.

Where the partitions leave classes out, the comparison is of the others alone: the joint GAN is
trained on them, real images of them are the reference and the floor, and posteriors are among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganray.errors import RefusedInput, quoted
from ganray.names import label
from ganray.plan import Task
from ganray.plan.roles import chosen
from ganray.report import Results, sections
from ganray.report.page import Section
from ganray.studies.blocks import Blocks, Data
from ganray.studies.budgets import Horizons
from ganray.studies.counts import mixture_counts, sample_count
from ganray.studies.measuring import Ruler, add_embedder, add_ruler, measure_side
from ganray.studies.settings import ComparisonSettings, Setup


def comparison_blocks(settings: ComparisonSettings, data: Data, groups: list[list[int]]) -> Blocks:
    """The blocks of a study of the classes that its marginal GANs cover, its data in place.

    Raises:
        RefusedInput: the images have no labels.
    """
    if data.info.labels == "none":
        raise RefusedInput(
            f"data.source: the images of {data.info.name} have no labels, by which marginal GANs "
            "share them; a folder for each class, or a column label, would say them"
        )
    covered = sorted(index for group in groups for index in group)
    blocks = Blocks(data, settings.seed, covered)
    blocks.import_data(settings.data)
    return blocks


@dataclass(frozen=True)
class Side:
    """A group of GANs that together stand for the data, and are compared with other such groups.

    Attributes:
        name: what it is called in roles, tables and reports.
        groups: the classes of each of its GANs.
        gans: by replicate; each in the order of `groups`.
    """

    name: str
    groups: list[list[int]]
    gans: list[list[Task]]


MARGINAL, JOINT = "marginal", "joint"
SIDES = (MARGINAL, JOINT)
"""In the order in which a report compares them."""


def train_joint(blocks: Blocks, settings: ComparisonSettings, until: Horizons) -> Side:
    """One GAN on all the study's classes. Errors as in `Blocks.train`."""
    model, train = settings.model, settings.train
    ranks = settings.joint.workers
    gans = [
        blocks.train(JOINT, JOINT, blocks.classes, replicate, model, train, until.joint, ranks)
        for replicate in range(settings.replicates)
    ]
    return Side(JOINT, [blocks.classes], [[gan] for gan in gans])


def train_marginals(
    blocks: Blocks, settings: ComparisonSettings, groups: list[list[int]], until: Horizons
) -> Side:
    """A GAN for each group of classes. Errors as in `Blocks.train`."""
    model, train = settings.model, settings.train
    gans = [
        [
            blocks.train(
                MARGINAL, f"class {blocks.data.label(group)}", group, replicate, model, train, end
            )
            for group, end in zip(groups, until.marginal, strict=True)
        ]
        for replicate in range(settings.replicates)
    ]
    return Side(MARGINAL, groups, gans)


def add_embedders(blocks: Blocks, settings: Setup) -> None:
    """The networks that both sides are measured on, early in the plan: all scores wait for them.

    Raises:
        RefusedInput: as `Blocks.encoder`.
    """
    for encoder in settings.evaluate.encoders:
        add_embedder(blocks, encoder, settings.encoder)


def rulers(blocks: Blocks, settings: Setup) -> list[Ruler]:
    """The encoders that both sides are measured on, with their floors.

    Raises:
        RefusedInput: a side would give more samples than are held out; or as `Blocks.encoder`.
    """
    evaluate = settings.evaluate
    count = sample_count(evaluate, blocks.data.info, blocks.classes)
    return [
        add_ruler(blocks, encoder, evaluate.on(encoder), settings.encoder, count)
        for encoder in evaluate.encoders
    ]


def measure(
    blocks: Blocks,
    sides: Sequence[Side],
    measured_on: Sequence[Ruler],
    settings: ComparisonSettings,
) -> dict[str, list[Task]]:
    """Score all sides, replicate by replicate; the tasks that measure a GAN, by its address.

    Raises:
        RefusedInput: latent vectors are to be truncated that are not normal.
    """
    evaluate = settings.evaluate
    info, mixture = blocks.data.info, evaluate.mixture
    count = sample_count(evaluate, info, blocks.classes)
    names = [side.name for side in sides]
    if len(set(names)) < len(names) or any("/" in name or not name for name in names):
        raise ValueError(f"sides must have names of their own without slashes; here are {names}")
    shares = {side.name: mixture_counts(side.groups, info, mixture, count) for side in sides}
    measured: dict[str, list[Task]] = {}
    for ruler in measured_on:
        for replicate in range(max(len(side.gans) for side in sides)):
            for side in (side for side in sides if replicate < len(side.gans)):
                members = side.gans[replicate]
                scores = measure_side(
                    blocks,
                    ruler,
                    side.name,
                    replicate,
                    members,
                    shares[side.name],
                    mixture,
                    settings.sample,
                )
                for gan in members:
                    measured.setdefault(gan.address, []).extend(scores)
    return measured


def write_cards(
    blocks: Blocks,
    sides: Sequence[Side],
    measured: dict[str, list[Task]],
    settings: ComparisonSettings,
) -> None:
    """A model card for each GAN, with the scores of its side."""
    for side in sides:
        for gan in (gan for replicate in side.gans for gan in replicate):
            blocks.card(gan, measured.get(gan.address, ()), settings.sample)


def plan_search(
    blocks: Blocks,
    settings: ComparisonSettings,
    joint: Side,
    marginal: Side,
    other: Data | None,
    rivals: Sequence[Side] = (),
) -> None:
    """The range-space searches on the GANs of the first replicate that `search.on` names.

    Raises:
        RefusedInput: it names a GAN that there is not; or as `Blocks.encoder`.
    """
    search = settings.search
    groups = [blocks.data.names(group) for group in marginal.groups]
    single = {side.name: side.gans[0][0] for side in (joint, *rivals)}
    known = [*single, *map(label, groups)]

    def named(name: str) -> Task:
        if name in single:  # in any case: a class of that name is '"joint"'
            return single[name]
        said = f"search.on (={quoted(name)})"
        return marginal.gans[0][chosen(name, groups, said, known)]

    gans = {name: named(name) for name in search.on}
    if search.on:
        targets, encoder = blocks.targets(search, other), blocks.encoder(settings.encoder)
        for name, gan in gans.items():
            blocks.search(name, gan, targets, encoder, search)


def evidence(results: Results) -> list[Section | None]:
    """What a report shows below its verdict; None for a part that this run has not."""
    return [
        sections.scores_section(results, results.plan.sides),
        sections.samples_section(results, results.plan.sides),
        sections.losses_section(results),
        sections.search_section(results),
        sections.compute_section(results),
        sections.protocol_section(results),
    ]
