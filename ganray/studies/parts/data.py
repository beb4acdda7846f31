"""The data set that a study is of, and which GANs can be trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganray.data.spec import SourceInfo
from ganray.errors import RefusedInput
from ganray.models import ModelSpec
from ganray.plan import importing
from ganray.plan.parameters import DataParameters
from ganray.text.names import label
from ganray.train.algorithms import check_fit, wants_labels
from ganray.train.spec import TrainSpec


@dataclass(frozen=True)
class Data:
    """The data set of a study, as its source describes it.

    `fingerprint` is the hash of the source's bytes; `url` says where an already imported set lies;
    `apart` whether its pictures can be decoded by chunks.
    """

    info: SourceInfo
    fingerprint: str
    url: str | None = None
    apart: bool = False

    @property
    def everything(self) -> list[int]:
        """All classes."""
        return list(range(len(self.info.class_names)))

    def label(self, classes: Sequence[int]) -> str:
        """What a partition is called: its classes' names."""
        return label(self.names(classes))

    def names(self, classes: Sequence[int]) -> list[str]:
        """The names of some classes."""
        return [self.info.class_names[index] for index in classes]


def in_chunks(told: DataParameters, data: Data) -> tuple[DataParameters, int]:
    """What an import is told, and in how many chunks it decodes: large sets of pictures in some."""
    apart, chunks = importing.in_chunks(data.info) if data.apart else (None, 0)
    return (told.model_copy(update={"apart": apart}) if apart else told), chunks


def refuse_unfit(
    data: Data,
    model: ModelSpec,
    spec: TrainSpec,
    classes: Sequence[int],
    domains: list[list[int]] | None = None,
    sources: bool = False,
) -> None:
    """Refuse a GAN that cannot be trained on some classes of a data set.

    Args:
        domains: of one that translates, the classes of either domain.
        sources: whether it is given images to change.

    Raises:
        RefusedInput: saying why, and what would do.
    """
    check_fit(model, spec)
    named = f"model.name (={model.name!r})"
    if spec.translates != bool(domains):
        raise RefusedInput(
            f"{named} by train.algorithm (={spec.algorithm!r}) "
            + ("translates between two domains, for which there is study translation" if
               spec.translates else "does not translate; cycle_gan and pix2pix do")
        )  # fmt: skip
    if model.of_images and not (domains or sources):
        raise RefusedInput(f"{named} makes images of images, for which there is study siblings")
    kinds = domains or [[index] for index in classes]
    model.check(data.info.shape, len(kinds))
    if wants_labels(model, spec) and data.info.labels == "none":
        raise RefusedInput(
            f"{named} by train.algorithm (={spec.algorithm!r}) is told "
            f"each image's class, and the images of {data.info.name} have no labels"
        )
    if len(kinds) < spec.least_classes:
        raise RefusedInput(
            f"train.algorithm (={spec.algorithm!r}) tells {spec.least_classes} classes or more "
            f"apart; here is {data.label(classes)} alone"
        )
    for group in domains or [list(classes)]:
        images = sum(data.info.counts["train"][index] for index in group)
        if images < spec.batch:
            raise RefusedInput(
                f"train.{spec.told('batch')} exceeds the {images} training images of class "
                f"{data.label(group)}; use a batch of at most {images}"
            )


def refuse_unlabelled(data: Data, study: str) -> None:
    """Refuse images without labels for a study of classes.

    Raises:
        RefusedInput: they have none; it names what does without.
    """
    if data.info.labels == "none":
        raise RefusedInput(
            f"data.source: study {study} needs labelled classes, and the images of "
            f"{data.info.name} have no labels; put each class into a folder of its own, or name "
            "it in a column label. Without labels work marginal_vs_joint, rivals and probing with "
            "`split`, which finds clusters, adagan, and `ganray evaluate`"
        )
