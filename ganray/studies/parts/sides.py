"""The sides of a comparison: one GAN for each partition of the classes, and one for all.

Where the partitions leave classes out, the comparison is of the others alone: the joint GAN is
trained on them, real images of them are the reference and the floor, and posteriors are among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganray.errors import RefusedInput
from ganray.models.encoders import Classifier
from ganray.plan import Task, task_seed
from ganray.plan.classes import partitions
from ganray.plan.parameters import SplitParameters
from ganray.report import Results, sections
from ganray.report.page import Section
from ganray.specs import USUAL_SAMPLING, SampleSpec
from ganray.studies.parts.blocks import Blocks, Portion
from ganray.studies.parts.budgets import Horizons
from ganray.studies.parts.counts import mixture_counts, sample_count
from ganray.studies.parts.data import Data, refuse_unlabelled
from ganray.studies.parts.scoring.evaluate import Evaluate
from ganray.studies.parts.scoring.measuring import (
    Mixing,
    add_extremes,
    embed_members,
    embed_mixture,
    measure_side,
    mix_samples,
)
from ganray.studies.parts.scoring.ruler import Ruler, add_embedder, add_ruler, embed_split
from ganray.studies.parts.settings import Clusters, ComparisonSettings, Setup, SidesSettings
from ganray.train.encoder_spec import EncoderSpec


def comparison_blocks(settings: SidesSettings, data: Data, groups: list[list[int]]) -> Blocks:
    """The blocks of a study of the classes that its sides cover, its data in place."""
    covered = sorted({index for group in groups for index in group})
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
        mixing: how often a sample is each GAN's, where the plan cannot know it by their classes.
    """

    name: str
    groups: list[list[int]]
    gans: list[list[Task]]
    mixing: Mixing | None = None


MARGINAL, JOINT = "marginal", "joint"
SIDES = (MARGINAL, JOINT)
"""In the order in which a report compares them."""


def train_joint(blocks: Blocks, settings: SidesSettings, until: Horizons) -> Side:
    """One GAN on all the study's classes. Errors as in `Blocks.train`."""
    model, train = settings.model, settings.train
    ranks = settings.joint.workers
    gans = [
        blocks.train(JOINT, JOINT, blocks.classes, replicate, model, train, until.joint, ranks)
        for replicate in range(settings.replicates)
    ]
    return Side(JOINT, [blocks.classes], [[gan] for gan in gans])


def marginal_groups(settings: ComparisonSettings, data: Data) -> list[list[int]]:
    """The classes of each marginal GAN; all of them for each of those that are of clusters.

    Raises:
        RefusedInput: as `partitions`, and for images without labels, unless clusters are found in
            their place.
    """
    if settings.split is None:
        refuse_unlabelled(data, settings.study)
        return partitions(settings.marginals, data.info.class_names)
    return [data.everything] * settings.split.clusters


def train_marginals(
    blocks: Blocks, settings: ComparisonSettings, groups: list[list[int]], until: Horizons
) -> Side:
    """A GAN for each group of classes, or for each cluster. Errors as in `Blocks.train`."""
    if settings.split is not None:
        return _train_clusters(blocks, settings, settings.split, groups, until)
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


def _train_clusters(
    blocks: Blocks,
    settings: ComparisonSettings,
    split: Clusters,
    groups: list[list[int]],
    until: Horizons,
) -> Side:
    """A GAN for each cluster of the images, whatever its size will be."""
    model, train = settings.model, settings.train
    images = sum(blocks.data.info.counts["train"])
    if images < split.clusters * train.batch:
        raise RefusedInput(
            f"split.clusters (={split.clusters}) of {images} training images would not all hold a "
            f"batch (train.batch {train.batch}); use at most {max(1, images // train.batch)} "
            "clusters or a smaller batch"
        )
    found = _add_split(blocks, split, settings.encoder)
    gans = [
        [
            blocks.train(
                *(MARGINAL, f"cluster {index}", group, replicate, model, train, end),
                portion=Portion({"cluster": index}, {"split": found}),
            )
            for index, (group, end) in enumerate(zip(groups, until.marginal, strict=True))
        ]
        for replicate in range(settings.replicates)
    ]
    equal = [1.0] * len(groups) if settings.evaluate.mixture == "uniform" else None
    return Side(MARGINAL, groups, gans, Mixing(equal, {} if equal else {"split": found}))


def _add_split(blocks: Blocks, split: Clusters, training: EncoderSpec) -> Task:
    """The clusters of the training images.

    Raises:
        RefusedInput: the encoder is one that learns from labels, and there are none.
    """
    if isinstance(split.encoder, Classifier) and blocks.data.info.labels == "none":
        raise RefusedInput(
            f"split.encoder (={split.encoder.name!r}) is trained on labels, and the images of "
            f"{blocks.data.info.name} have none; use pixels, efficientnet_lite0 or inception"
        )
    embedder = add_embedder(blocks, split.encoder, training)
    features = embed_split(blocks, split.encoder, embedder, "train")
    return blocks.builder.add(
        "split",
        "split",
        "clusters",
        SplitParameters(clusters=split.clusters, seed=task_seed(blocks.seed, "split", [], 0)),
        {"features": features, "data": blocks.source},
        horizon=split.restarts,
        chunks=split.restarts,
    )


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
        add_ruler(blocks, encoder, evaluate.on(encoder), settings.encoder, count, evaluate.curve)
        for encoder in evaluate.encoders
    ]


def measure(
    blocks: Blocks,
    sides: Sequence[Side],
    measured_on: Sequence[Ruler],
    evaluate: Evaluate,
    sampling: SampleSpec = USUAL_SAMPLING,
) -> dict[str, list[Task]]:
    """Score all sides, replicate by replicate; the tasks that measure a GAN, by its address.

    Raises:
        RefusedInput: latent vectors are to be truncated that are not normal.
    """
    info, mixture = blocks.data.info, evaluate.mixture
    count, said = sample_count(evaluate, info, blocks.classes), sampling.said_of(mixture)
    names = [side.name for side in sides]
    if len(set(names)) < len(names) or any("/" in name or not name for name in names):
        raise ValueError(f"sides must have names of their own without slashes; here are {names}")
    shares = {
        side.name: mixture_counts(side.groups, info, mixture, count)
        for side in sides
        if side.mixing is None
    }
    measured: dict[str, list[Task]] = {}
    for ruler in measured_on:
        first: dict[str, dict[str, Task]] = {}
        for replicate in range(max(len(side.gans) for side in sides)):
            for side in (side for side in sides if replicate < len(side.gans)):
                for draw in range(evaluate.sampling_seeds):
                    sets = _features(
                        blocks, ruler, side, replicate, count, shares.get(side.name), sampling, draw
                    )
                    scores = measure_side(
                        *(blocks, ruler, side.name, replicate, sets, said),
                        resamples=evaluate.resamples,
                        draw=draw,
                        curve=evaluate.curve,
                    )
                    if not (replicate or draw):
                        first[side.name] = sets
                    for gan in side.gans[replicate]:
                        measured.setdefault(gan.address, []).extend(scores)
        if evaluate.extremes:
            add_extremes(blocks, ruler, first, evaluate.extremes)
    return measured


def _features(
    blocks: Blocks,
    ruler: Ruler,
    side: Side,
    replicate: int,
    count: int,
    shares: Sequence[int] | None,
    sampling: SampleSpec,
    draw: int,
) -> dict[str, Task]:
    """The features of a side's samples: of each GAN so many, or of their mixture."""
    members = side.gans[replicate]
    if side.mixing is None:
        return embed_members(blocks, ruler, members, shares or (), sampling, draw)
    of = side.name, replicate
    mixed = mix_samples(blocks, *of, members, side.mixing, count, sampling=sampling, draw=draw)
    return embed_mixture(blocks, ruler, *of, mixed, draw)


def write_cards(
    blocks: Blocks,
    sides: Sequence[Side],
    measured: dict[str, list[Task]],
    sampling: SampleSpec = USUAL_SAMPLING,
) -> None:
    """A model card for each GAN, with the scores of its side."""
    for side in sides:
        for gan in (gan for replicate in side.gans for gan in replicate):
            blocks.card(gan, measured.get(gan.address, ()), sampling)


def evidence(results: Results) -> list[Section | None]:
    """What a report shows below its verdict; None for a part that this run has not."""
    return [
        sections.scores_section(results, results.plan.sides),
        sections.certainty_section(results, results.plan.sides),
        sections.clusters_section(results),
        sections.components_section(results),
        sections.samples_section(results, results.plan.sides),
        sections.extremes_section(results),
        sections.losses_section(results),
        sections.search_section(results),
        sections.compute_section(results),
        sections.protocol_section(results),
    ]
