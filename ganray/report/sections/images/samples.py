"""What all sides generate, class by class, beside real images; nothing is picked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8

from ganray.plan import Task
from ganray.plan.roles import Gan
from ganray.report.drawing.figures import image_grid
from ganray.report.page import Block, Figure, Gallery, Paragraph, Section
from ganray.report.reading.results import Results

_SIDE = 4  # images in a row, and rows, of a class's grid
_CLASSES = 20  # shown at most, which keeps the page's size in bounds
_COLUMNS, _ROWS = 12, 4  # of the unselected grid
Images = UInt8[np.ndarray, "n c h w"]


def samples_section(results: Results, sides: Sequence[str]) -> Section:
    """The first of each class; grids of all sides by class; every GAN's samples as they come.

    Classes that no GAN is trained on take no room. The data set's own classifier says which class a
    sample belongs to.
    """
    gallery = _Samples.read(results)
    blocks: list[Block] = [
        Paragraph(_intro(sides, len(results.covered))),
        gallery.glance(sides),
        *(shown for side in sides for shown in gallery.groups(side)),
        *(gallery.triptych(label, sides) for label in results.covered[:_CLASSES]),
        *(gallery.as_they_come(gan) for gan in gallery.whole),
    ]
    return Section("Samples", "samples", blocks)


def _intro(sides: Sequence[str], classes: int) -> str:
    named = ", ".join(sides)
    some = f" Of {classes} classes the first {_CLASSES} are shown." if classes > _CLASSES else ""
    return (
        f"{named[0].upper()}{named[1:]} and real test images: of each the first in their order, "
        "none chosen, from replicate 0. Where a GAN knows several classes, its samples of a class "
        "are those that the encoder assigns to it, and its first samples are shown as they come, "
        "too." + some
    )


@dataclass(frozen=True)
class _Drawn:
    """Samples in their order, the class that the encoder gives each (or None), and of a mixture
    whose each is."""

    images: Images
    classes: Int64[np.ndarray, "n"] | None
    members: Int64[np.ndarray, "n"] | None = None

    def of(self, member: int) -> _Drawn:
        """Those of one GAN of a mixture."""
        assert self.members is not None
        own = self.members == member
        return _Drawn(self.images[own], None if self.classes is None else self.classes[own])


@dataclass(frozen=True)
class _Samples:
    """The samples of replicate 0 of every GAN; None for those that are not in the store.

    Attributes:
        mixed: those of each side whose GANs are sampled as one mixture.
    """

    results: Results
    gans: list[Gan]
    drawn: dict[str, _Drawn | None]
    mixed: dict[str, _Drawn | None]

    @classmethod
    def read(cls, results: Results) -> _Samples:
        gans = [gan for gan in results.gans if gan.replicate == 0]
        mixtures = {gan.side: task for gan in gans if (task := results.plan.mixture_of(gan.task))}
        mixed = {side: _samples_of(results, task) for side, task in mixtures.items()}
        drawn: dict[str, _Drawn | None] = {}
        for gan in gans:
            if task := mixtures.get(gan.side):
                whole, member = mixed[gan.side], task.members.index(gan.task.address)
                drawn[gan.task.address] = whole.of(member) if whole else None
            else:
                drawn[gan.task.address] = _drawn(results, gan)
        return cls(results, gans, drawn, mixed)

    @property
    def whole(self) -> list[Gan]:
        """The GANs of all classes; one that two sides share is there once."""
        return list({gan.task.address: gan for gan in self.gans if gan.whole}.values())

    def of_class(self, side: str, label: int) -> tuple[Images, str]:
        """A side's samples that stand for one class, and the line that says how many they are."""
        mine = [gan for gan in self.gans if gan.side == side and label in gan.classes]
        if not mine:
            return self._nothing, "no GAN of this class"
        drawn = self.mixed[side] if side in self.mixed else self.drawn[mine[0].task.address]
        if drawn is None:
            return self._nothing, "not sampled"
        if len(mine[0].classes) == 1:
            return drawn.images, f"{len(drawn.images):,} samples"
        if drawn.classes is None:
            return self._nothing, "not classified"
        chosen = drawn.images[drawn.classes == label]
        said = f"{len(chosen):,}" if len(chosen) else "none"
        return chosen, f"{said} of {len(drawn.images):,} samples"

    def real(self, label: int) -> tuple[Images, str]:
        """The test images of one class, and how many they are."""
        images = self.results.real_images("test", label)
        if images is None:
            return self._nothing, "not in the store"
        return images, f"{len(images):,} test images"

    def glance(self, sides: Sequence[str]) -> Gallery:
        """One row for each side and one of real images: the first image of each class."""
        classes = self.results.covered[:_COLUMNS]
        rows = {side: [self.of_class(side, label)[0] for label in classes] for side in sides}
        rows["real"] = [self.real(label)[0] for label in classes]
        figures = [self._row(who, row) for who, row in rows.items()]
        return Gallery(figures, "sheet", "The first of each class")

    def _row(self, who: str, classes: list[UInt8[np.ndarray, "_ c h w"]]) -> Figure:
        if not any(map(len, classes)):
            return Figure([], who, [self._why_none(who)])
        blank = np.full((1, *self.results.plan.dataset["shape"]), 255, dtype=np.uint8)
        images = np.concatenate([own[:1] if len(own) else blank for own in classes])
        return _figure(images, who, f"{who}: the first image of each class", columns=len(classes))

    def _why_none(self, who: str) -> str:
        """Why a side, or the real images, have nothing to show of any class."""
        drawn = [self.drawn[gan.task.address] for gan in self.gans if gan.side == who]
        if not any(drawn):
            return "none in the store"
        if all(one is None or one.classes is None for one in drawn):
            return "not classified; shown below as they come"
        return "none that the encoder assigns to these classes; shown below as they come"

    def groups(self, side: str) -> list[Gallery]:
        """The first samples of a side's GANs of several classes, or of a portion of them, as they
        come; none without such."""
        gans = [
            gan
            for gan in self.gans
            if gan.side == side and (gan.task.portion or (len(gan.classes) > 1 and not gan.whole))
        ]
        if not gans:
            return []
        figures = [self._first(gan, gan.label, _SIDE, _SIDE) for gan in gans[:_CLASSES]]
        some = f" (the first {_CLASSES} of {len(gans)})" if len(gans) > _CLASSES else ""
        kind = "" if gans[0].task.portion else " of several classes"
        title = f"The first samples of each {side} GAN{kind} as they come{some}"
        return [Gallery(figures, "triptych", title)]

    def triptych(self, label: int, sides: Sequence[str]) -> Gallery:
        """The grids of one class: each side's, then real images."""
        name = self.results.class_names[label]
        figures = []
        for side in sides:
            images, line = self.of_class(side, label)
            figures.append(_figure(images, side, f"{side} samples of class {name}", line))
        images, line = self.real(label)
        figures.append(_figure(images, "real", f"real test images of class {name}", line))
        return Gallery(figures, "triptych", f"Class {name}")

    def as_they_come(self, gan: Gan) -> Gallery:
        """A GAN's first samples, of whatever class."""
        figure = self._first(gan, "", _COLUMNS, _ROWS)
        return Gallery([figure], "sheet", f"The first samples of {gan.task.title} as they come")

    def _first(self, gan: Gan, title: str, columns: int, rows: int) -> Figure:
        name, drawn = gan.task.title, self.drawn[gan.task.address]
        images = (drawn.images if drawn else self._nothing)[: columns * rows]
        line = f"{len(images)} of {len(drawn.images):,} samples" if drawn else "not sampled"
        return _figure(images, title, f"The first samples of {name}", line, columns, rows)

    @property
    def _nothing(self) -> Images:
        return np.zeros((0, *self.results.plan.dataset["shape"]), dtype=np.uint8)


def _drawn(results: Results, gan: Gan) -> _Drawn | None:
    samples = next(iter(results.made_of(gan.task, "sample")), None)
    # Of one class there is nothing to look up.
    return _samples_of(results, samples, len(gan.classes) > 1) if samples else None


def _samples_of(results: Results, samples: Task, classified: bool = True) -> _Drawn | None:
    stored = results.rows(samples, "images")
    if stored is None:
        return None
    images, members = stored["images"], stored.get("members")
    whose = None if members is None else members.astype(np.int64)
    if not classified:
        return _Drawn(images, None, whose)
    classifier = results.plan.roles.get("encoder")
    embeddings = results.made_of(samples, "embed")
    known = [one for one in embeddings if one.inputs["embedder"] == classifier]
    embedding = results.rows(known[0], "embedding") if known else None
    if embedding is None:
        return _Drawn(images, None, whose)
    likeliest = embedding["probabilities"][:, results.covered].argmax(axis=1)
    return _Drawn(images, np.asarray(results.covered)[likeliest], whose)


def _figure(
    images: Images, title: str, alt: str, line: str = "", columns: int = _SIDE, rows: int = _SIDE
) -> Figure:
    lines = [line] if line else []
    if not len(images):
        return Figure([], title, lines)
    return Figure([image_grid(images[: columns * rows], columns, alt)], title, lines)
