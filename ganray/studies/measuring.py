"""The measuring part of studies: encoders, real features, floors, and the scores of sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ganray.data.spec import SPLITS, Split
from ganray.errors import RefusedInput
from ganray.metrics import Metric
from ganray.models import ModelSpec
from ganray.models.encoders import Classifier, Encoder
from ganray.plan import Task, task_seed
from ganray.plan.parameters import (
    EmbedParameters,
    MeasureParameters,
    MixParameters,
    SampleParameters,
    TrainParameters,
    WeightsParameters,
)
from ganray.plan.roles import floor_role, measure_role
from ganray.scores import ScoreName
from ganray.specs import SampleSpec, chunks_for
from ganray.studies.blocks import Blocks
from ganray.train.spec import EncoderSpec


@dataclass(frozen=True)
class Ruler:
    """What all scores on one encoder share: its network, the real features, and the floors.

    Attributes:
        held_out: the features of held-out real images.
        floors: of each metric, their score.
        parameters: of every task that measures on it.
    """

    encoder: Encoder
    embedder: Task
    reference: Task
    held_out: Task
    floors: list[tuple[Metric, Task]]
    parameters: dict[str, Any]
    asked: dict[str, Asked]
    """What single metrics are given besides, by their names."""


class Asked(NamedTuple):
    """What a metric is given of the real images beside what every one is."""

    inputs: dict[str, Task]
    told: dict[str, Any]


def add_embedder(blocks: Blocks, encoder: Encoder, training: EncoderSpec) -> Task:
    """An encoder's network: trained by the study, or brought in from elsewhere.

    Raises:
        RefusedInput: as `Blocks.encoder` does.
    """
    if isinstance(encoder, Classifier):
        return blocks.encoder(training)
    return blocks.builder.add(
        f"weights/{encoder.name}",
        "weights",
        f"weights {encoder.name}",
        WeightsParameters(encoder=encoder),
        {},
    )


def protocol_on(blocks: Blocks, encoder: Encoder) -> dict[str, Any]:
    """What every task that measures on an encoder is told of it, and of the real images."""
    own = "class posteriors" in encoder.gives
    return {
        "encoder": encoder.name,
        "preprocessing": encoder.preprocessing,
        "dataset": f"{blocks.data.info.name}@{blocks.data.fingerprint[:12]}",
        "among": blocks.subset if own else [],
    }


def add_ruler(
    blocks: Blocks, encoder: Encoder, metrics: Sequence[Metric], training: EncoderSpec, count: int
) -> Ruler:
    """The real side of every measurement on one encoder.

    A floor scores `count` held-out images against the test split, as generated ones are; of a
    study of some classes both are the images of these.

    Raises:
        RefusedInput: as `Blocks.encoder` does, and where a metric asks for what is not known.
    """
    embedder = add_embedder(blocks, encoder, training)
    reference = embed_split(blocks, encoder, embedder, "test")
    held_out = embed_split(blocks, encoder, embedder, "held_out")
    parameters = protocol_on(blocks, encoder) | {"count": count}
    if blocks.subset:
        rows = {"test": blocks.rows("test"), "held_out": blocks.rows("held_out")}
        parameters["subset"] = {"classes": blocks.subset, "rows": rows}
    real = {"reference": reference, "held_out": held_out, "embedder": embedder}
    asked = {one.name: _asked(blocks, encoder, embedder, one) for one in metrics}
    floors = [
        blocks.builder.add(
            (blocks.part if blocks.of_others else "")
            + floor_role(ScoreName(metric.name, encoder.name)),
            "measure",
            f"floor of {metric.name}{blocks.when} on {encoder.name}",
            MeasureParameters(
                metric=metric, mixture="real", **parameters | asked[metric.name].told
            ),
            real | asked[metric.name].inputs,
        )
        for metric in metrics
    ]
    pairs = list(zip(metrics, floors, strict=True))
    return Ruler(encoder, embedder, reference, held_out, pairs, parameters, asked)


def _asked(blocks: Blocks, encoder: Encoder, embedder: Task, metric: Metric) -> Asked:
    """What a metric asks for.

    Raises:
        RefusedInput: the data set has no labels, or nothing tells those of generated images.
    """
    called = f"evaluate.metrics ({metric.name}) on {encoder.name}"
    if "real labels" in metric.asks and blocks.data.info.labels == "none":
        raise RefusedInput(f"{called} asks for labels, and {blocks.data.info.name} has none")
    if "generated labels" in metric.asks and "class posteriors" not in encoder.gives:
        raise RefusedInput(
            f"{called} asks for the classes of generated images, which the data set's own "
            "classifier tells; measure it on classifier alone"
        )
    inputs: dict[str, Task] = {}
    told: dict[str, Any] = {"shape": blocks.data.info.shape} if "pixels" in metric.needs else {}
    if "real labels" in metric.asks:
        inputs["reference"] = embed_split(blocks, encoder, embedder, "test", labelled=True)
    if "training images" in metric.asks:
        labelled = "real labels" in metric.asks
        inputs["training"] = embed_split(blocks, encoder, embedder, "train", labelled)
        if blocks.subset:
            rows = {split: blocks.rows(split) for split in SPLITS}
            told["subset"] = {"classes": blocks.subset, "rows": rows}
    return Asked(inputs, told)


def measure_side(
    blocks: Blocks,
    ruler: Ruler,
    side: str,
    replicate: int,
    sets: Mapping[str, Task],
    mixture: str,
    chosen: list[tuple[int, int]] | None = None,
    resamples: int = 0,
) -> list[Task]:
    """Each score of a side's images, whose features `sets` are, as `embed_members` gives them.

    Args:
        chosen: spans of the images that count; none: all.
        resamples: halves of the images that each is computed on again.

    Raises:
        RefusedInput: a metric cannot be computed on a half.
    """
    for metric, _ in ruler.floors if resamples else ():
        if metric.least > (half := int(ruler.parameters["count"]) // 2):
            raise RefusedInput(
                f"evaluate.resamples (={resamples}) are of halves of the images, {half}, and "
                f"{metric.name} needs {metric.least}; leave them out, or raise evaluate.samples"
            )
    common = {"reference": ruler.reference, "embedder": ruler.embedder}
    own: dict[str, Any] = {} if chosen is None else {"chosen": chosen}
    own |= {"resamples": resamples} if resamples else {}
    on = ruler.encoder.name
    return [
        blocks.builder.add(
            measure_role(ScoreName(metric.name, on), side, replicate, blocks.part),
            "measure",
            f"{metric.name} of {side} r{replicate}{blocks.when} on {on}",
            MeasureParameters(
                metric=metric,
                mixture=mixture,
                **ruler.parameters | ruler.asked[metric.name].told,
                **own,
            ),
            common | ruler.asked[metric.name].inputs | {"floor": floor} | dict(sets),
        )
        for metric, floor in ruler.floors
    ]


def embed_members(
    blocks: Blocks,
    ruler: Ruler,
    gans: Sequence[Task],
    counts: Sequence[int],
    sampling: SampleSpec,
) -> dict[str, Task]:
    """The features of samples of some GANs, of which each gives its count.

    Raises:
        RefusedInput: latent vectors are to be truncated that are not normal.
    """
    return {
        f"set/{index}": _embed_samples(blocks, ruler, gan, count, sampling)
        for index, (gan, count) in enumerate(zip(gans, counts, strict=True))
        if count
    }


@dataclass(frozen=True)
class Mixing:
    """How often a sample is each of several GANs'.

    Attributes:
        shares: in proportion; none: as often as the clusters of a split have training images.
        given: that split, by its role among the inputs.
    """

    shares: list[float] | None
    given: dict[str, Task]


def mix_samples(
    blocks: Blocks,
    side: str,
    replicate: int,
    gans: Sequence[Task],
    mixing: Mixing,
    count: int,
    purpose: str = "",
    sampling: SampleSpec | None = None,
) -> Task:
    """The first `count` samples of a mixture of GANs of one family.

    Args:
        purpose: what they are for, if not for being measured.
    """
    trained, sampling = TrainParameters.of(gans[0]), sampling or SampleSpec()
    _check_truncated(trained.model, sampling.truncation)
    told = {} if mixing.shares is None else {"shares": mixing.shares}
    called = f"{side}/{purpose}" if purpose else side
    seed = task_seed(blocks.seed, f"mix/{called}", blocks.classes, replicate)
    return blocks.builder.add(
        f"{blocks.part}mix/{called}/{replicate}",
        "mix",
        f"samples {side} {f'for {purpose} ' if purpose else ''}r{replicate}{blocks.when}",
        MixParameters(model=trained.model, sample=sampling, seed=seed, **told),
        {f"gan/{index}": gan for index, gan in enumerate(gans)} | mixing.given,
        horizon=count,
        chunks=chunks_for(count, sampling.chunk),
    )


def embed_mixture(
    blocks: Blocks, ruler: Ruler, side: str, replicate: int, samples: Task
) -> dict[str, Task]:
    """The features of all samples of a mixture."""
    encoder, name = ruler.encoder, f"{side} r{replicate}{blocks.when}"
    told = EmbedParameters.on(encoder)
    features = blocks.builder.add(
        f"{blocks.part}embed/{encoder.name}/{side}/{replicate}",
        "embed",
        f"features {name} {encoder.name}",
        told,
        {"embedder": ruler.embedder, "images": samples},
        chunks=chunks_for(samples.horizon or 0, told.embed.chunk),
    )
    return {"set/0": features}


def embed_split(
    blocks: Blocks, encoder: Encoder, embedder: Task, split: Split, labelled: bool = False
) -> Task:
    """The features of every image of one split.

    Args:
        labelled: whether each image's class is with them: its place among those of the study.
    """
    own = {label: place for place, label in enumerate(blocks.classes)}
    numbers = [own.get(label, -1) for label in blocks.data.everything]
    more = {"labelled": numbers} if labelled else {}
    told = EmbedParameters.on(encoder, split=split, **more)
    count, called = sum(blocks.data.info.counts[split]), f"{split}{'/labelled' * labelled}"
    return blocks.builder.add(
        f"embed/{encoder.name}/{called}",
        "embed",
        f"features {called} {encoder.name}",
        told,
        {"embedder": embedder, "data": blocks.source},
        chunks=chunks_for(count, told.embed.chunk),
    )


def _embed_samples(
    blocks: Blocks, ruler: Ruler, gan: Task, count: int, sampling: SampleSpec
) -> Task:
    encoder, trained = ruler.encoder, TrainParameters.of(gan)
    told = EmbedParameters.on(encoder)
    _check_truncated(trained.model, sampling.truncation)
    # A GAN that two sides share may have to give another number of samples to each.
    more = "" if blocks.sampled.setdefault(gan.address, count) == count else f"/{count}"
    samples = blocks.builder.add(
        blocks.made_of(gan, "sample") + more,
        "sample",
        f"samples {gan.title}",
        SampleParameters(
            model=trained.model, sample=sampling, seed=task_seed(trained.seed, "sample", [], 0)
        ),
        {"gan": gan},
        horizon=count,
        chunks=chunks_for(count, sampling.chunk),
    )
    return blocks.builder.add(
        blocks.made_of(gan, f"embed/{encoder.name}") + more,
        "embed",
        f"features {gan.title} {encoder.name}",
        told,
        {"embedder": ruler.embedder, "images": samples},
        chunks=chunks_for(count, told.embed.chunk),
    )


def _check_truncated(model: ModelSpec, truncation: float | None) -> None:
    if truncation is None:
        return
    try:
        model.latents.truncated(truncation)
    except RefusedInput as error:
        raise RefusedInput(f"sample.{error}") from None
