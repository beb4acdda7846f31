"""Situations: real images with one thing wrong with them, each a pure function of the source.

Whatever is drawn is drawn by index, so that a situation is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, UInt8

from ganray.randomness import normals, permutation, uniforms
from tests.sees.pictures import COUNT, Pictures, Source

CLASSES = range(10)
TROUSERS = 1
_PIXELS = 28 * 28
Images = UInt8[np.ndarray, "n 1 28 28"]
Change = Callable[[Images], Images]


@dataclass(frozen=True)
class Situation:
    """What a generator may do wrong.

    Attributes:
        title: the head of its column.
        meaning: in a line.
        made: the images, of what is real.
    """

    name: str
    title: str
    meaning: str
    made: Callable[[Source], Pictures]


def changed(change: Change) -> Callable[[Source], Pictures]:
    """The first clean set, each of its images changed."""

    def made(source: Source) -> Pictures:
        clean = source.clean(0)
        return replace(clean, images=change(clean.images))

    return made


def planted(
    share: float, strange: Callable[[Source, int], Images], index: int = 0
) -> Callable[[Source], Pictures]:
    """A clean set with a share of its images, drawn by index, replaced; labels stay as asked for.

    Args:
        strange: so many images that are put in their place.
    """

    def made(source: Source) -> Pictures:
        clean, images = source.clean(index), source.clean(index).images.copy()
        rows = permutation(0, "sees/planted", index, len(clean))[: round(share * len(clean))]
        images[rows] = strange(source, len(rows))
        return replace(clean, images=images)

    return made


def fashion(source: Source, count: int) -> Images:
    """Clothes, of all kinds."""
    rows = permutation(0, "sees/fashion", 0, len(source.fashion))[:count]
    return source.fashion.images[rows]


def trousers(source: Source, count: int) -> Images:
    """Clothes of one kind: a class of their own."""
    return source.fashion.images[source.fashion.labels == TROUSERS][:count]


def uniform(_: Source, count: int) -> Images:
    """Noise: every pixel drawn uniformly."""
    return (256 * uniforms(0, "sees/uniform", 0, count, _PIXELS)).astype(np.uint8).reshape(
        count, 1, 28, 28
    )  # fmt: skip


def blank(_: Source, count: int) -> Images:
    """White images."""
    return np.full((count, 1, 28, 28), 255, np.uint8)


def negatives(source: Source, count: int) -> Images:
    """Black on white; of unseen images that no clean set of the table has."""
    return 255 - source.clean(39).images[:count]


def between(source: Source, count: int) -> Images:
    """Means of two images, mostly of two classes."""
    one, other = source.clean(38).images[:count], source.clean(37).images[:count]
    return ((one.astype(np.uint16) + other) // 2).astype(np.uint8)


def repeated(per_class: int) -> Callable[[Source], Pictures]:
    """Few images of each class of the first clean set, over and over."""

    def made(source: Source) -> Pictures:
        clean, rows = source.clean(0), np.empty(COUNT, np.int64)
        for k in CLASSES:
            mine = np.flatnonzero(clean.labels == k)
            rows[mine] = mine[np.arange(len(mine)) % per_class]
        return clean[rows]

    return made


def _one_image(source: Source) -> Pictures:
    return source.clean(0)[np.zeros(COUNT, np.int64)]


def _without(dropped: set[int]) -> Callable[[Source], Pictures]:
    def made(source: Source) -> Pictures:
        kept = ~np.isin(source.unseen.labels, list(dropped))
        return source.unseen[np.flatnonzero(kept)[:COUNT]]

    return made


def _imbalanced(source: Source) -> Pictures:
    return source.chosen({k: 550 if k == 0 else 50 for k in CLASSES})


def _memorised(change: Change) -> Callable[[Source], Pictures]:
    def made(source: Source) -> Pictures:
        copied = _copied(source, COUNT)
        return replace(copied, images=change(copied.images))

    return made


def _copied(source: Source, count: int) -> Pictures:
    """Training images as they are, another one each time."""
    return source.training[permutation(0, "sees/copies", 0, len(source.training))[:count]]


def _half_copied(source: Source) -> Pictures:
    halves = source.clean(0)[: COUNT // 2], _copied(source, COUNT // 2)
    mixed = permutation(0, "sees/half", 0, COUNT)
    images, labels = (
        np.concatenate([getattr(half, name) for half in halves]) for name in ("images", "labels")
    )
    return Pictures(images, labels)[mixed]


def _wrong_labels(source: Source) -> Pictures:
    clean = source.clean(0)
    wrong = permutation(0, "sees/wrong", 0, COUNT)[: COUNT // 5]
    labels = clean.labels.copy()
    labels[wrong] = (labels[wrong] + 1) % len(CLASSES)
    return replace(clean, labels=labels)


def noisy(sigma: float) -> Change:
    """Normal noise, σ in units of the grey scale, clipped to it."""

    def change(images: Images) -> Images:
        drawn = normals(0, "sees/noise", 0, len(images), _PIXELS).reshape(images.shape)
        return _grey(images / 255 + sigma * drawn)

    return change


def _salted(images: Images) -> Images:
    drawn = uniforms(0, "sees/salt", 0, len(images), _PIXELS).reshape(images.shape)
    salt: Bool[np.ndarray, "n 1 28 28"] = drawn < 0.025
    return np.where(salt, 255, np.where(drawn > 0.975, 0, images)).astype(np.uint8)


def _blurred(images: Images) -> Images:
    from scipy.ndimage import gaussian_filter

    return _grey(gaussian_filter(images / 255, sigma=(0, 0, 1, 1), mode="constant"))


def shifted(pixels: int) -> Change:
    """To the right, black coming in."""

    def change(images: Images) -> Images:
        moved = np.zeros_like(images)
        moved[..., pixels:] = images[..., :-pixels]
        return moved

    return change


def _grey(values: Float64[np.ndarray, "n 1 28 28"]) -> Images:
    return np.rint(255 * values.clip(0, 1)).astype(np.uint8)


MODES = (
    Situation("one_image", "one image", "one image, 1,000 times", _one_image),
    Situation("one_a_class", "one a class", "one image of each class, over and over", repeated(1)),
    Situation("ten_a_class", "ten a class", "ten images of each class", repeated(10)),
    Situation("class_missing", "no 3", "one class is missing", _without({3})),
    Situation("half_missing", "no 5 to 9", "half of the classes are missing",
              _without({5, 6, 7, 8, 9})),
    Situation("imbalanced", "55 % zeros", "one class has 55 % of the images, each other one 5 %",
              _imbalanced),
    Situation("invented", "10 % trousers", "a class of Fashion-MNIST beside the digits, 10 %",
              planted(0.1, trousers)),
    Situation("between", "10 % blends", "10 % are the mean of two digits", planted(0.1, between)),
)  # fmt: skip
PIXELS = (
    Situation("noise_slight", "noise .05", "normal noise, σ 0.05 of the grey scale",
              changed(noisy(0.05))),
    Situation("noise", "noise .2", "normal noise, σ 0.2", changed(noisy(0.2))),
    Situation("salt", "salt 5 %", "5 % of the pixels are black or white", changed(_salted)),
    Situation("blurred", "blur", "blurred, σ of one pixel", changed(_blurred)),
    Situation("shifted", "shift 2", "two pixels to the right", changed(shifted(2))),
    Situation("darker", "contrast .7", "70 % of the contrast",
              changed(lambda images: _grey(0.7 * images / 255))),
    Situation("brighter", "brighter .1", "a tenth of the grey scale brighter",
              changed(lambda images: _grey(images / 255 + 0.1))),
    Situation("inverted", "inverted", "black on white", changed(lambda images: 255 - images)),
)  # fmt: skip
COPIES = (
    Situation("copied", "copies", "training images as they are", _memorised(lambda images: images)),
    Situation("half_copied", "half copies", "half are training images", _half_copied),
    Situation("copied_shifted", "copies shifted",
              "training images, one pixel to the right", _memorised(shifted(1))),
    Situation("copied_noisy", "copies with noise", "training images with normal noise, σ 0.1",
              _memorised(noisy(0.1))),
    Situation("wrong_labels", "20 % wrong labels",
              "clean images, of which a fifth are not of the class that was asked for",
              _wrong_labels),
)  # fmt: skip
OUTLIERS = (
    Situation("few_clothes", "1 % clothes", "1 % are images of Fashion-MNIST",
              planted(0.01, fashion)),
    Situation("few_noise", "1 % noise", "1 % are uniform noise", planted(0.01, uniform)),
    Situation("few_blank", "1 % white", "1 % are white", planted(0.01, blank)),
    Situation("half_noise", "half noise", "half are uniform noise", planted(0.5, uniform)),
    Situation("half_clothes", "half clothes", "half are images of Fashion-MNIST",
              planted(0.5, fashion)),
)  # fmt: skip
GROUPS = {
    "Modes": MODES,
    "Pixels": PIXELS,
    "Copies and labels": COPIES,
    "Outliers and mixtures": OUTLIERS,
}
SITUATIONS = tuple(one for group in GROUPS.values() for one in group)
