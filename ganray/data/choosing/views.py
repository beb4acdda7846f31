"""Views: every image as several, each in a domain of its own, such as edges beside photographs.

Class k of n classes is class k + v·n in view number v. So a set of domains between which images are
translated comes of any set of images, and what an image's counterpart in another domain is, is
known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int, Int64, UInt8

from ganray.data.rows import TRAIN, Rows, shape_text
from ganray.errors import RefusedInput
from ganray.randomness import uniforms
from ganray.spec import canonical_json, unknown_name

Images = UInt8[np.ndarray, "n _ _ _"]
Plane = Float64[np.ndarray, "n 1 _ _"]
_LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True)
class View:
    """One way to see an image.

    Attributes:
        meaning: in a line.
        of: images in 0 … 255, and the place of the first in the source, to images.
    """

    meaning: str
    of: Callable[[Images, int], Images]


def _luminance(images: Images) -> Plane:
    if images.shape[1] == 1:
        return images.astype(np.float64)
    weights = np.asarray(_LUMINANCE).reshape(1, 3, 1, 1)
    return np.asarray((images * weights).sum(axis=1, keepdims=True))


def _rounded(values: Float64[np.ndarray, "n _ _ _"]) -> Images:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _edges(images: Images, _: int) -> Images:
    plane = np.pad(_luminance(images), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    across = plane[..., 2:] - plane[..., :-2]
    down = plane[..., 2:, :] - plane[..., :-2, :]
    slope_x = across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]
    slope_y = down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]
    return _rounded(np.hypot(slope_x, slope_y) / 4)


def _coloured(images: Images, start: int) -> Images:
    """By index: image i has the same colour in every reading."""
    drawn = uniforms(0, "views/coloured", start, len(images), 1)
    phases = 2 * np.pi * (drawn + np.arange(3) / 3)
    colours = 0.5 + 0.5 * np.cos(phases)
    return _rounded(_luminance(images) * colours[:, :, None, None])


def _half(right: bool) -> Callable[[Images, int], Images]:
    def half(images: Images, _: int) -> Images:
        middle = images.shape[3] // 2
        return images[..., middle : 2 * middle] if right else images[..., :middle]

    return half


VIEWS: dict[str, View] = {
    "plain": View("as it is", lambda images, _: images),
    "inverted": View("255 − x", lambda images, _: 255 - images),
    "edges": View("a quarter of the Sobel gradient’s norm, of grey values", _edges),
    "grey": View("luminance (ITU-R BT.601)", lambda images, _: _rounded(_luminance(images))),
    "coloured": View("grey values in a hue of the image’s own", _coloured),
    "left": View("the left half, of two pictures side by side", _half(right=False)),
    "right": View("the right half", _half(right=True)),
}
"""What a file's `data.views` may name; the next one is a line here."""


@dataclass(frozen=True)
class _Views:
    """The views of a set, and which of its rows are in each."""

    rows: Rows
    names: Sequence[str]
    kept: Bool[np.ndarray, "n k"]
    shape: tuple[int, int, int]

    def stream(self) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
        """Row by row all views of it, in their order."""
        start = 0
        for images in self.rows.stream():
            kept = self.kept[start : start + len(images)]
            if len(kept) < len(images):  # the source has changed, which its reader tells of
                kept = np.ones((len(images), len(self.names)), dtype=bool)
            seen = np.stack([self._of(name, images, start) for name in self.names], axis=1)
            start += len(images)
            yield seen[kept]

    def _of(self, name: str, images: Images, start: int) -> Images:
        made = VIEWS[name].of(images, start)
        return np.repeat(made, self.shape[0], axis=1) if made.shape[1] < self.shape[0] else made

    def fingerprint(self) -> str:
        """Of the source and of what is seen of it."""
        whole = bool(self.kept.all())
        content = {"source": self.rows.fingerprint(), "views": list(self.names), "whole": whole}
        return hashlib.sha256(canonical_json(content)).hexdigest()


def viewed(rows: Rows, splits: UInt8[np.ndarray, "n"], names: Sequence[str], apart: bool) -> Rows:
    """A set's views as a set, each in the split that its image is in.

    Args:
        splits: of the rows, whatever they say themselves.
        names: of `VIEWS`.
        apart: each training image is in one view alone, of each class by turns, so that none has
            its counterpart among them. Other splits have all.

    Raises:
        RefusedInput: there is no such view, one alone, or one twice; they are of differing sizes;
            or a class has too few images to keep them apart.
    """
    _refuse_unknown(names)
    shapes = {name: VIEWS[name].of(np.zeros((1, *rows.shape), np.uint8), 0)
              .shape[1:] for name in names}  # fmt: skip
    sides = {name: shape[1:] for name, shape in shapes.items()}
    if len(set(sides.values())) > 1:
        said = ", ".join(f"{name} {shape_text(size)}" for name, size in sides.items())
        raise RefusedInput(
            f"views (={list(names)}) must be of one size, and of {rows.name} are {said}; "
            "left and right go with each other alone"
        )
    count = len(names)
    shape = (max(one[0] for one in shapes.values()), *next(iter(sides.values())))
    kept = np.ones((len(rows.labels), count), dtype=bool)
    if apart:
        training = np.flatnonzero(splits == TRAIN)
        sizes = np.bincount(rows.labels[training])
        if sizes.min() < count:
            few = rows.class_names[int(sizes.argmin())]
            raise RefusedInput(
                f"apart (=True): class {few} of {rows.name} has {sizes.min()} training images for "
                f"{count} views to share; leave it out, or apart"
            )
        turns = _turns(rows.labels[training]) % count
        kept[training] = turns[:, None] == np.arange(count)
    seen = _Views(rows, names, kept, shape)
    classes = len(rows.class_names)
    unlabelled = rows.told == "none"
    plain = [name == "plain" for name in names]
    return replace(
        rows,
        splits=np.repeat(splits, kept.sum(axis=1)),
        name=f"{rows.name} ({', '.join(names)}{'; apart' if apart else ''})",
        shape=shape,
        class_names=[
            view if unlabelled else called if is_plain else f"{called} {view}"
            for view, is_plain in zip(names, plain, strict=True)
            for called in rows.class_names
        ],
        labels=(rows.labels[:, None] + classes * np.arange(count, dtype=np.int32))[kept],
        stream=seen.stream,
        fingerprint=seen.fingerprint,
        told="domains" if unlabelled else rows.told,
    )


def _refuse_unknown(names: Sequence[str]) -> None:
    for name in names:
        if name not in VIEWS:
            raise RefusedInput(f"views (={name!r}): {unknown_name(name, list(VIEWS))}")
    if len(names) == 1 or len(set(names)) < len(names):
        raise RefusedInput(f"views (={list(names)}) must be two or more that differ, or none")


def _turns(labels: Int[np.ndarray, "n"]) -> Int64[np.ndarray, "n"]:
    """How many rows of its class come before each."""
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    ends = np.cumsum(sizes)
    turns = np.empty(len(labels), dtype=np.int64)
    turns[order] = np.arange(len(labels)) - np.repeat(ends - sizes, sizes)
    return turns
