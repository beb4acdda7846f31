"""The real side of every score on one encoder: its network, the real features, and the floors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ganray.data.spec import SPLITS, Split
from ganray.errors import RefusedInput
from ganray.metrics import Metric
from ganray.models.encoders import Classifier, Encoder
from ganray.models.spec import Shape
from ganray.plan import PlanBuilder, Task
from ganray.plan.measuring import MeasureParameters
from ganray.plan.parameters import EmbedParameters, WeightsParameters
from ganray.plan.roles import floor_role
from ganray.scores import ScoreName
from ganray.specs import chunks_for
from ganray.studies.parts.blocks import Blocks
from ganray.train.encoder_spec import EncoderSpec


@dataclass(frozen=True)
class Ruler:
    """What all scores on one encoder share: its network, the real features, and the floors.

    Attributes:
        held_out: the features of held-out real images.
        floors: of each metric, their score.
        parameters: of every task that measures on it.
        asked: what single metrics are given besides, by their names.
    """

    encoder: Encoder
    embedder: Task
    reference: Task
    held_out: Task
    floors: list[tuple[Metric, Task]]
    parameters: dict[str, Any]
    asked: dict[str, Asked]


@dataclass(frozen=True)
class Asked:
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
    return add_weights(blocks.builder, encoder)


def add_weights(builder: PlanBuilder, encoder: Encoder) -> Task:
    """An encoder's network that is brought in from elsewhere."""
    return builder.add(
        f"weights/{encoder.name}",
        "weights",
        f"weights {encoder.name}",
        WeightsParameters(encoder=encoder),
        {},
    )


def preprocessing(encoder: Encoder, network: str, shape: Shape) -> str:
    """What a protocol says that an encoder does to images of these sizes.

    Args:
        network: the form of the data set's own classifier.
    """
    formed = encoder.formed(network) if isinstance(encoder, Classifier) else encoder
    return formed.protocol(shape)


def protocol_on(blocks: Blocks, encoder: Encoder, training: EncoderSpec) -> dict[str, Any]:
    """What every task that measures on an encoder is told of it, and of the real images.

    Args:
        training: of the data set's own classifier.
    """
    own = "class posteriors" in encoder.gives
    return {
        "encoder": encoder.name,
        "preprocessing": preprocessing(encoder, training.network, blocks.data.info.shape),
        "dataset": f"{blocks.data.info.name}@{blocks.data.fingerprint[:12]}",
        "among": blocks.subset if own else [],
    }


def add_ruler(
    blocks: Blocks,
    encoder: Encoder,
    metrics: Sequence[Metric],
    training: EncoderSpec,
    count: int,
    curve: int = 0,
) -> Ruler:
    """The real side of every measurement on one encoder.

    A floor scores `count` held-out images against the test split, as generated ones are; of a
    study of some classes both are the images of these.

    Args:
        curve: how often the floors' images are halved, to compute each on ever fewer.

    Raises:
        RefusedInput: as `Blocks.encoder` does, and where a metric asks for what is not known.
    """
    embedder = add_embedder(blocks, encoder, training)
    reference = embed_split(blocks, encoder, embedder, "test")
    held_out = embed_split(blocks, encoder, embedder, "held_out")
    parameters = protocol_on(blocks, encoder, training) | {"count": count}
    if blocks.subset:
        rows = {"test": blocks.rows("test"), "held_out": blocks.rows("held_out")}
        parameters["subset"] = {"classes": blocks.subset, "rows": rows}
    real = {"reference": reference, "held_out": held_out, "embedder": embedder}
    asked = {one.name: _asked(blocks, encoder, embedder, one) for one in metrics}
    more = {"curve": curve} if curve else {}
    floors = [
        blocks.builder.add(
            (blocks.part if blocks.of_others else "")
            + floor_role(ScoreName(metric.name, encoder.name)),
            "measure",
            f"floor of {metric.name}{blocks.when} on {encoder.name}",
            MeasureParameters(
                metric=metric, mixture="real", **parameters | asked[metric.name].told | more
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
