"""How near are some sets of images to real ones, and to which nearer than others?

No GAN is trained: images come as folders, Parquet files, archives or whatever a data set comes as,
and whatever made them. Every set is brought into the store, embedded on each encoder, and scored by
each metric on equally many of its images. Sources that share a name are one generator's replicates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ganray.data.spec import Pictures
from ganray.errors import RefusedInput
from ganray.metrics import METRICS
from ganray.plan import Plan
from ganray.report import Page, Results, sections
from ganray.report.comparing.judging import leader
from ganray.spec import parse
from ganray.studies.parts.scoring.evaluation_settings import Settings
from ganray.studies.parts.scoring.image_sets import Images, Sets, opened
from ganray.studies.parts.scoring.set_scores import SetScores
from ganray.studies.study import check_weights
from ganray.text.wording import listed
from ganray.train.encoder_spec import EncoderSpec

__all__ = ["Settings", "page", "plan"]


def usual_encoders(real: str, train: str | None, pictures: Pictures) -> list[str]:
    """On which encoders images are measured where none is named: on the set's own classifier where
    there are classes and training images to learn them from, and always on pixels.

    Args:
        real, train: sources, as of `Images`.
        pictures: what is done with their images.

    Raises:
        RefusedInput: one cannot be read.
    """
    found = opened("real", parse(Images, {"source": real}, "real"), ("test",), pictures)
    teacher = found
    if train is not None:
        teacher = opened("train", parse(Images, {"source": train}, "train"), ("train",), pictures)
    enough = sum(teacher.data.info.counts["train"]) >= EncoderSpec().batch
    known = found.data.info.labels == teacher.data.info.labels == "classes"
    alike = found.data.info.class_names == teacher.data.info.class_names
    apart = not teacher.shares(found, "train")
    return ["classifier", "pixels"] if enough and known and alike and apart else ["pixels"]


def plan(settings: Settings) -> Plan:
    """The tasks of the study; labels of every source are read, its images are not.

    Raises:
        RefusedInput: a set cannot be read or does not fit the real one, or a metric cannot be
            measured on what there is.
    """
    settings.evaluate.refuse_seeds("images as they are given")
    check_weights(settings.evaluate.encoders)
    how = settings.pictures
    real = opened("real", settings.real, ("test",), how)
    train = opened("train", settings.train, ("train",), how) if settings.train else None
    generated = [opened(f"generated.{one.name}", one, (), how) for one in settings.generated]
    _refuse_unpaired(settings)
    return SetScores(settings, Sets(real, train, generated)).plan()


def _refuse_unpaired(settings: Settings) -> None:
    counts = Counter(one.name for one in settings.generated)
    if settings.paired and len(set(counts.values())) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise RefusedInput(
            f"paired (=true) needs as many sources of each name, in their order; {told}"
        )


def page(results: Results) -> Page:
    """Scores of all sets, their images, and what this rests on."""
    sides = results.plan.sides
    parts = [
        sections.scores_section(results, sides),
        sections.certainty_section(results, sides),
        sections.extremes_section(results),
        sections.image_sets_section(results),
        sections.compute_section(results),
        sections.protocol_section(results),
    ]
    return Page.of(
        "How near are these images to real ones?",
        str(results.plan.dataset["name"]),
        _lead(results, sides),
        parts,
    )


def _lead(results: Results, sides: Sequence[str]) -> str:
    """Which set is the nearest by each metric, on how many encoders, and whether that is sure."""
    best: dict[str, list[str]] = {}
    sure = True
    for name in results.measured if len(sides) > 1 else ():
        if any(gap.name == name for gap in results.undefined):
            continue  # who has no value may be the worst of all
        nearest, certain = leader(results, name, sides)
        sure &= certain
        if nearest is not None:
            best.setdefault(METRICS.member(name.metric).title, []).append(nearest)
    if not best:
        scores = "score" if len(results.measured) == 1 else "scores"
        return f"{listed(list(sides))} against real images: {len(results.measured)} {scores}."
    said = [f"{metric}: {_agreed(found)}" for metric, found in best.items()]
    doubt = "" if sure else " Not all of it is sure: see the intervals over replicates."
    return f"Best of {len(sides)} sets, by their means: {'; '.join(said)}.{doubt}"


def _agreed(found: Sequence[str]) -> str:
    """Who is the best on most encoders, and on how many where these are several."""
    if len(found) == 1:
        return found[0]
    (most, count), *_ = Counter(found).most_common()
    return f"{most} on {count} of {len(found)} encoders"
