"""The measuring part of studies: samples of GANs, their features, and the scores of sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganray.errors import RefusedInput
from ganray.models import ModelSpec
from ganray.models.encoders import Encoder
from ganray.plan import Task, task_seed
from ganray.plan.measuring import ExtremesParameters, MeasureParameters
from ganray.plan.parameters import (
    EmbedParameters,
    MixParameters,
    SampleParameters,
    TrainParameters,
)
from ganray.plan.roles import drawn, extremes_role, measure_role
from ganray.scores import ScoreName
from ganray.specs import SampleSpec, chunks_for
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.scoring.ruler import Ruler


def measure_side(
    blocks: Blocks,
    ruler: Ruler,
    side: str,
    replicate: int,
    sets: Mapping[str, Task],
    mixture: str,
    chosen: list[tuple[int, int]] | None = None,
    resamples: int = 0,
    draw: int = 0,
    curve: int = 0,
) -> list[Task]:
    """Each score of a side's images, whose features `sets` are, as `embed_members` gives them.

    Args:
        chosen: spans of the images that count; none: all.
        resamples: halves of the images that each is computed on again.
        draw: with which sampling seed the images were drawn.
        curve: how often they are halved, to compute each on ever fewer.

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
    own |= {"curve": curve} if curve else {}
    on = ruler.encoder.name
    return [
        blocks.builder.add(
            measure_role(ScoreName(metric.name, on), side, replicate, blocks.part, draw),
            "measure",
            f"{metric.name} of {side} r{replicate}{_said(draw)}{blocks.when} on {on}",
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


def add_extremes(
    blocks: Blocks, ruler: Ruler, sides: Mapping[str, Mapping[str, Task]], count: int
) -> None:
    """What is to be shown of each side's images, and of which kinds it has more than the first one.

    Args:
        sides: the features of each, as `measure_side` takes them.
        count: images of each sort.
    """
    known = [asked.inputs for asked in ruler.asked.values()]
    training = next(({"training": one["training"]} for one in known if "training" in one), {})
    told = [asked.told for asked in ruler.asked.values() if "training" in asked.inputs]
    subset = next((one["subset"] for one in told if "subset" in one), None)
    subset = subset or ruler.parameters.get("subset")
    for side, sets in sides.items():
        others = next((sides[other] for other in sides if other != side), {})
        blocks.builder.add(
            extremes_role(ruler.encoder.name, side, blocks.part),
            "extremes",
            f"extremes of {side}{blocks.when} on {ruler.encoder.name}",
            ExtremesParameters(count=count, subset=subset),
            {"reference": ruler.reference}
            | dict(sets)
            | {role.replace("set/", "other/"): one for role, one in others.items()}
            | training,
        )


def embed_members(
    blocks: Blocks,
    ruler: Ruler,
    gans: Sequence[Task],
    counts: Sequence[int],
    sampling: SampleSpec,
    draw: int = 0,
) -> dict[str, Task]:
    """The features of samples of some GANs, of which each gives its count.

    Args:
        draw: which of several sampling seeds they are drawn with.

    Raises:
        RefusedInput: latent vectors are to be truncated that are not normal.
    """
    return {
        f"set/{index}": _embed_samples(blocks, ruler, gan, count, sampling, draw)
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
    draw: int = 0,
) -> Task:
    """The first `count` samples of a mixture of GANs of one family.

    Args:
        purpose: what they are for, if not for being measured.
        draw: which of several sampling seeds they are drawn with.
    """
    trained, sampling = TrainParameters.of(gans[0]), sampling or SampleSpec()
    _check_truncated(trained.model, sampling.truncation)
    told = {} if mixing.shares is None else {"shares": mixing.shares}
    called = f"{side}/{purpose}" if purpose else side
    seed = task_seed(blocks.seed, f"mix/{called}{drawn(draw)}", blocks.classes, replicate)
    what = f"{side} {f'for {purpose} ' if purpose else ''}r{replicate}"
    return blocks.builder.add(
        f"{blocks.part}mix/{called}/{replicate}{drawn(draw)}",
        "mix",
        f"samples {what}{_said(draw)}{blocks.when}",
        MixParameters(model=trained.model, sample=sampling, seed=seed, **told),
        {f"gan/{index}": gan for index, gan in enumerate(gans)} | mixing.given,
        horizon=count,
        chunks=chunks_for(count, sampling.chunk),
    )


def embed_mixture(
    blocks: Blocks, ruler: Ruler, side: str, replicate: int, samples: Task, draw: int = 0
) -> dict[str, Task]:
    """The features of all samples of a mixture."""
    encoder, name = ruler.encoder, f"{side} r{replicate}{_said(draw)}{blocks.when}"
    told = EmbedParameters.on(encoder)
    features = blocks.builder.add(
        f"{blocks.part}embed/{encoder.name}/{side}/{replicate}{drawn(draw)}",
        "embed",
        f"features {name} {encoder.name}",
        told,
        {"embedder": ruler.embedder, "images": samples},
        chunks=chunks_for(samples.horizon or 0, told.embed.chunk),
    )
    return {"set/0": features}


def _said(draw: int) -> str:
    return f" seed {draw}" if draw else ""


def draw_samples(
    blocks: Blocks, gan: Task, count: int, sampling: SampleSpec, draw: int = 0
) -> Task:
    """The first `count` samples of a GAN.

    Args:
        draw: which of several sampling seeds they are drawn with.

    Raises:
        RefusedInput: latent vectors are to be truncated that are not normal.
    """
    trained = TrainParameters.of(gan)
    _check_truncated(trained.model, sampling.truncation)
    return blocks.builder.add(
        blocks.made_of(gan, "sample") + _more(blocks, gan, count, draw),
        "sample",
        f"samples {gan.title}{_said(draw)}",
        SampleParameters(
            model=trained.model, sample=sampling, seed=task_seed(trained.seed, "sample", [], draw)
        ),
        {"gan": gan},
        horizon=count,
        chunks=chunks_for(count, sampling.chunk),
    )


def embed_drawn(
    blocks: Blocks, encoder: Encoder, embedder: Task, gan: Task, samples: Task, draw: int = 0
) -> Task:
    """The features of a GAN's samples, as `draw_samples` gives them."""
    told, count = EmbedParameters.on(encoder), samples.horizon or 0
    return blocks.builder.add(
        blocks.made_of(gan, f"embed/{encoder.name}") + _more(blocks, gan, count, draw),
        "embed",
        f"features {gan.title}{_said(draw)} {encoder.name}",
        told,
        {"embedder": embedder, "images": samples},
        chunks=chunks_for(count, told.embed.chunk),
    )


def _more(blocks: Blocks, gan: Task, count: int, draw: int) -> str:
    """What tells some samples' role from that of others of the same GAN.

    One that two sides share may have to give another number to each.
    """
    usual = blocks.sampled.setdefault(gan.address, count) == count
    return ("" if usual else f"/{count}") + drawn(draw)


def _embed_samples(
    blocks: Blocks, ruler: Ruler, gan: Task, count: int, sampling: SampleSpec, draw: int
) -> Task:
    samples = draw_samples(blocks, gan, count, sampling, draw)
    return embed_drawn(blocks, ruler.encoder, ruler.embedder, gan, samples, draw)


def _check_truncated(model: ModelSpec, truncation: float | None) -> None:
    if truncation is None:
        return
    try:
        model.latents.truncated(truncation)
    except RefusedInput as error:
        raise RefusedInput(f"sample.{error}") from None
