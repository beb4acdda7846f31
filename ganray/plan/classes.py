"""Classes as a study file names them: by name, or by place."""

from __future__ import annotations

from collections.abc import Sequence

from ganray.errors import RefusedInput
from ganray.text.names import composed, labels


def partitions(
    wanted: str | Sequence[Sequence[int | str]], class_names: Sequence[str]
) -> list[list[int]]:
    """The classes of each marginal GAN: `per_class`, or lists as `class_index` understands them.

    Raises:
        RefusedInput: for a class that the data set lacks, an empty list, or a class named twice.
    """
    if wanted == "per_class":
        return [[index] for index in range(len(class_names))]
    chosen = [
        sorted(class_index(name, class_names, "marginals: class") for name in group)
        for group in wanted
    ]
    flat = [index for group in chosen for index in group]
    if not flat or not all(chosen) or len(set(flat)) != len(flat):
        raise RefusedInput(
            f"marginals (={wanted!r}) must be 'per_class' or lists of classes, none empty and "
            f"no class twice; classes: {', '.join(class_names)}"
        )
    return chosen


def named_classes(name: str, class_names: Sequence[str], argument: str) -> list[int]:
    """The classes of a GAN by its name: `joint`, a class, or several as in `1+2`.

    Raises:
        RefusedInput: by `argument`, for a class that the data set lacks, or one twice.
    """
    if name == "joint":  # in any case: a class of that name is '"joint"'
        return list(range(len(class_names)))
    ways = [{composed(way) for way in labels([one])} for one in class_names]
    alone = [index for index, own in enumerate(ways) if composed(name) in own]
    if len(alone) == 1 or "+" not in name:
        return alone[:1] or [class_index(name, class_names, f"{argument}: class")]
    parts = name.split("+")
    found = sorted(class_index(part, class_names, f"{argument}: class") for part in parts)
    if len(set(found)) < len(found):
        raise RefusedInput(f"{argument} (={name!r}) names a class twice")
    return found


def class_index(name: int | str, class_names: Sequence[str], argument: str = "class") -> int:
    """The number of a class by its name; RefusedInput, by `argument`, for no class.

    Names are compared as `composed`. Where no class is called by a number, a number
    is a place among the classes, from 0; where some are, [0] and [2] of classes "1", "2" and "3"
    would mix a place with a name, so that only names count.
    """
    places = {composed(known): place for place, known in enumerate(class_names)}
    place = places.get(composed(str(name)))
    if place is not None:
        return place
    has_places = not any(map(_is_number, class_names))
    if has_places and isinstance(name, int) and 0 <= name < len(class_names):
        return name
    raise RefusedInput(f"{argument} (={name!r}) must be one of: {', '.join(class_names)}")


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True
