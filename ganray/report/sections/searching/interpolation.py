"""What lies between two latent vectors: ways as strips of images, and how smooth they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganray.models.encoders import ENCODERS
from ganray.report.drawing.figures import image_grid
from ganray.report.page import Block, Column, Figure, Gallery, Paragraph, Section, Table
from ganray.report.reading.probed import Walked, walked
from ganray.report.reading.results import Results
from ganray.text.wording import interval, number

_TILE = 40
_SHOWN = 3  # GANs of a side whose ways are shown
_CALLED = {
    "straight": "straight",
    "great-circle": "great circle",
    "cross-fade": "null: cross-fades of training images",
    "jumps": "null: the same through nearest training images",
}


def interpolation_section(results: Results, sides: Sequence[str]) -> Section | None:
    """Strips of some ways of each side, and medians of all; None where none was planned."""
    planned = [task for task in results.plan.tasks if task.kind == "interpolation"]
    if not planned:
        return None
    done = walked(results)
    if not done:
        return Section("Interpolation", "interpolation", [Paragraph("Not walked yet.")])
    encoder = ENCODERS.member(done[0].encoder).title
    blocks: list[Block] = [Paragraph(_INTRO.format(encoder=encoder))]
    blocks.append(_table([_of_side(done, side) for side in _known(done, sides)]))
    for side in _known(done, sides):
        blocks += [_strips(one) for one in done if one.gan.side == side][:_SHOWN]
    if len(done) < len(planned):
        blocks.append(Paragraph(f"{len(planned) - len(done)} of {len(planned)} are not there."))
    return Section("Interpolation", "interpolation", blocks)


_INTRO = (
    "A generator that knows images by heart jumps from one to the next. The detour is the length "
    "of a way through features of {encoder} over the distance of its ends, 1 where it is straight; "
    "the largest share is the largest step’s part of the length, 1 where the image changes all at "
    "once. Both depend on the encoder and on how many images a way has. They are read between two "
    "nulls of real training images: cross-fades, the evenest change of pixels, and the nearest "
    "training image to each of their images, which is how one would look that knows these by "
    "heart. A smooth way is no good way: a GAN whose images are all alike has it, too."
)


def _known(done: Sequence[Walked], sides: Sequence[str]) -> list[str]:
    there = {one.gan.side for one in done}
    return [side for side in sides if side in there]


def _of_side(done: Sequence[Walked], side: str) -> tuple[str, dict[str, np.ndarray]]:
    """The numbers of all ways of a side's GANs, by their paths."""
    mine = [one for one in done if one.gan.side == side]
    paths = dict.fromkeys(path for one in mine for path in one.paths)
    return side, {
        path: np.concatenate(
            [one.numbers[:, one.paths.index(path)] for one in mine if path in one.paths]
        )
        for path in paths
    }


def _table(found: Sequence[tuple[str, dict[str, np.ndarray]]]) -> Table:
    columns = ["ways", "detour: median", "half of all", "largest share: median", "half of all"]
    return Table(
        "How smooth the ways are; “half of all” is from the first quartile to the third",
        [Column("side"), Column("path"), *(Column(name, numeric=True) for name in columns)],
        [
            [side, _CALLED[path], *_cells(numbers)]
            for side, paths in found
            for path, numbers in paths.items()
        ],
    )


def _cells(numbers: np.ndarray) -> list[str]:
    known = numbers[np.isfinite(numbers).all(axis=1)]
    lost = len(numbers) - len(known)
    ways = f"{len(known)}" + (f", {lost} with equal ends" if lost else "")
    if not len(known):
        return [ways, *["–"] * 4]
    low, middle, high = np.quantile(known, (0.25, 0.5, 0.75), axis=0)
    cells = [
        cell
        for kind in range(2)
        for cell in (number(float(middle[kind])), interval(float(low[kind]), float(high[kind])))
    ]
    return [ways, *cells]


def _strips(one: Walked) -> Gallery:
    """The first ways of a GAN, each path a row, under each its two numbers."""
    figures = []
    for way, numbers in zip(one.frames, one.numbers, strict=False):
        pictures, lines = [], []
        for place, path in enumerate(one.paths):
            detour, share = (number(float(value)) for value in numbers[place])
            told = f"{_CALLED[path]}: detour {detour}, largest share {share}"
            pictures.append(image_grid(way[place], len(way[place]), f"{one.called}, {told}", _TILE))
            lines.append(told)
        figures.append(Figure(pictures, "", lines))
    return Gallery(figures, "sheet", f"Ways of {one.called}")
