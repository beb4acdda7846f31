"""The two domains of a study of translators: which classes are of which, and which images belong
together."""

from __future__ import annotations

from collections.abc import Sequence

from ganray.data.spec import DatasetSpec
from ganray.errors import RefusedInput
from ganray.plan.classes import class_index
from ganray.studies.parts.data import Data
from ganray.train.spec import TrainSpec


def two_domains(
    named: list[list[int | str]] | None, spec: DatasetSpec, data: Data
) -> tuple[list[list[int]], bool]:
    """The classes of both domains, and whether what is of one has a counterpart in the other.

    Args:
        named: the classes of either; none: of two views, or of two classes one each.

    Raises:
        RefusedInput: a class is none of the data set's or named twice, or none are named where
            there are neither two views nor two classes.
    """
    names, views = data.info.class_names, len(spec.views)
    if named is not None:
        chosen = [[class_index(name, names, "domains: class") for name in group] for group in named]
        if len({index for group in chosen for index in group}) < sum(map(len, chosen)):
            raise RefusedInput(f"domains (={named!r}) name a class twice")
    elif views >= 2 or len(names) == 2:
        each = len(names) // max(views, 2)
        chosen = [list(range(each)), list(range(each, 2 * each))]
    else:
        raise RefusedInput(
            f"domains (=None): {data.info.name} has {len(names)} classes; say which are of which "
            "domain, as [[horse], [zebra]], or take two data.views of every image"
        )
    return [sorted(group) for group in chosen], views >= 2 and _counterparts(chosen, names, views)


def _counterparts(domains: list[list[int]], names: Sequence[str], views: int) -> bool:
    """Whether both domains are views of the same classes."""
    each = len(names) // views
    same = [sorted(index % each for index in group) for group in domains]
    seen = [{index // each for index in group} for group in domains]
    return same[0] == same[1] and all(len(views) == 1 for views in seen) and seen[0] != seen[1]


def refuse_unpaired(
    train: TrainSpec, spec: DatasetSpec, data: Data, domains: list[list[int]]
) -> None:
    """Refuse domains of which no image of one belongs to an image of the other, as far as that is
    known: of own data as many images must be there, and are taken to be in one order.

    Args:
        train: what needs the pairs.

    Raises:
        RefusedInput: saying why there are none.
    """
    said = f"train.algorithm (={train.algorithm!r}) needs pairs"
    views = len(spec.views)
    if views and spec.apart:
        raise RefusedInput(f"{said}; set data.apart false")
    if views and not _counterparts(domains, data.info.class_names, views):
        raise RefusedInput(f"{said}; name the same classes of both views in domains")
    if not views and max(map(len, domains)) > 1:
        raise RefusedInput(
            f"{said}, and of several classes in a domain nobody knows which belong together; name "
            "one class for each domain"
        )
    for split, counts in data.info.counts.items():
        sizes = [sum(counts[index] for index in group) for group in domains]
        if sizes[0] != sizes[1]:
            raise RefusedInput(
                f"{said}: as many images of one domain as of the other; here are {sizes[0]} and "
                f"{sizes[1]} {split.replace('_', '-')} ones (an even data.held_out, and data.test, "
                "set apart as many of either)"
            )
