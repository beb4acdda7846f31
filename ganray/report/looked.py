"""What is known of a source in words and rows, the same for a terminal and for a page."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ganray.data.pictures.encoded import by_kind
from ganray.data.rows import shape_text
from ganray.data.showing.look import Look
from ganray.data.spec import SPLITS, Split
from ganray.text.wording import listed

_NAMED = 3
_NAME = re.compile(r"'[^']*'|.*?row \d+")  # of a picture, as reasons begin with it
_SHAPES = 12
_CLASSES = {"classes": "class", "domains": "domain", "none": "class"}


def headline(look: Look) -> str:
    """How many images of which shape, in how many classes."""
    if look.shape is None:
        return f"{sum(look.shapes.values()):,} images that can be read"
    kinds = len(look.class_names)
    word = _CLASSES[look.labels] + ("es" if look.labels == "classes" else "s") * (kinds != 1)
    within = "without labels" if look.labels == "none" else f"in {kinds:,} {word}"
    return f"{look.images:,} images of {shape_text(look.shape)} {within}"


def verdict(look: Look) -> str:
    """Whether a study can use the source."""
    if not look.refusal:
        return "A study can read it as it is."
    if look.fits:
        return "A study refuses it as it is; with the settings below it fits."
    return "A study refuses it."


def shape_rows(look: Look) -> list[tuple[str, int]]:
    """The shapes of stored images and how many have each; of many the last row counts the rest."""
    told = [(shape_text(shape), count) for shape, count in look.shapes.items()]
    rest = told[_SHAPES:]
    if len(rest) < 2:
        return told
    return [*told[:_SHAPES], (f"{len(rest):,} others", sum(count for _, count in rest))]


def spans(look: Look) -> str:
    """Between what their shapes lie, where they differ."""
    channels, heights, widths = (
        np.repeat(sides, list(look.shapes.values()))
        for sides in np.reshape(list(look.shapes), (-1, 3)).T
    )
    parts = [
        f"{named} from {sides.min():,} to {sides.max():,} (median {np.median(sides):,.0f})"
        for named, sides in (("heights", heights), ("widths", widths))
        if sides.size and sides.min() < sides.max()
    ]
    if len(set(channels.tolist())) > 1:
        parts.append(f"{(channels == 3).sum():,} in colour, {(channels == 1).sum():,} grey")
    said = "; ".join(parts)
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def split_sentence(look: Look) -> str:
    """Which splits are the source's own."""
    if look.shape is None:
        return ""
    own = [split for split in look.own if any(look.counts[split])]
    apart = [split for split in SPLITS if split not in look.own and any(look.counts[split])]
    if not apart:
        word = "are the source’s own" if len(own) > 1 else "is all that the source has"
        return f"{listed(own)} {word}." if own else ""
    which = "the last images of each class" if look.by_class else "the last images"
    said = f"{listed(apart)} {'are' if len(apart) > 1 else 'is'} set apart ({which})"
    owned = (
        ""
        if own == ["train"]
        else f"{listed(own)} {'are' if len(own) > 1 else 'is'} the source’s own; "
    )
    return f"{owned}{said}."


def repeats_sentence(look: Look) -> str:
    """What is known of images that are there more than once."""
    if look.repeats is None:
        return f"Images that are there more than once were not looked for: {look.why_no_repeats}."
    return look.repeats.said or "No image is there more than once."


def fault_lines(look: Look) -> list[str]:
    """What cannot be read or is transparent, counted by kind, with the first of each."""
    lines = []
    for reasons in by_kind(look.unread):
        others = [_NAME.match(reason) for reason in reasons[1:_NAMED]]
        names = [found[0].strip("'") for found in others if found]
        also = f"; also {', '.join(names)}" if names else ""
        more = ", …" if len(reasons) > _NAMED else ""
        lines.append(f"{len(reasons):,} cannot be read: {reasons[0]}{also}{more}")
    if count := len(look.transparent):
        more = ", …" if count > _NAMED else ""
        named = ", ".join(look.transparent[:_NAMED])
        lines.append(f"{count:,} {'are' if count > 1 else 'is'} transparent in part: {named}{more}")
    return lines


def further(look: Look) -> list[str]:
    """Loss, what was not read, and notes, a sentence each."""
    total = sum(look.shapes.values())
    lossy = f"{look.lossy:,} of {total:,} images are compressed with loss (JPEG or WebP)."
    heads = "Of each picture only the header was read; damage further on is not known of."
    told = [lossy if look.lossy else "", heads if not look.decoded else "", look.notes]
    return [one for one in told if one]


def class_rows(look: Look, chosen: Sequence[int]) -> list[tuple[str, list[int]]]:
    """Classes and how many images each has in the splits of `splits_of`."""
    return [(look.class_names[k], [look.counts[split][k] for split in splits_of(look)])
            for k in chosen]  # fmt: skip


def splits_of(look: Look) -> list[Split]:
    """The splits that have images."""
    return [split for split in SPLITS if any(look.counts[split])]


def balance(look: Look) -> str:
    """The smallest and the largest of several classes, where they differ."""
    totals = [sum(numbers) for numbers in zip(*look.counts.values(), strict=True)]
    if len(totals) < 2 or min(totals) == max(totals):
        return ""
    least, most = totals.index(min(totals)), totals.index(max(totals))
    return (
        f"The smallest class, {look.class_names[least]}, has {totals[least]:,} images, the "
        f"largest, {look.class_names[most]}, {totals[most]:,}."
    )


def some_classes(count: int, first: int, last: int) -> list[int]:
    """Numbers of all classes, or of the first and the last where they are more than both."""
    if count <= first + last:
        return list(range(count))
    return [*range(first), *range(count - last, count)]
