"""Which classes a comparison is of, and how its marginal GANs share them, in words."""

from __future__ import annotations

from collections.abc import Sequence

from ganray.plan import Plan
from ganray.plan.roles import Gan, measurements
from ganray.report.reading.results import Results
from ganray.text.wording import listed

_MOST = 8  # groups or classes that a sentence names


def title(results: Results) -> str:
    """The question that a comparison asks."""
    return f"One GAN per {_partition(_first(results, results.plan.sides[0]))}, or one for all?"


def opening(results: Results) -> str:
    """Who is compared and on which classes, where it is not just one GAN for each class of the data
    on one side and one for all on another."""
    sides = [_first(results, side) for side in results.plan.sides]
    gans = [gan for side in sides for gan in side]
    plain = all((len(gan.classes) == 1 and not gan.task.portion) or gan.whole for gan in gans)
    if plain and len(sides) == 2 and not _left_out(results.plan):
        return ""
    classes = len(results.covered)
    first, *others = sides
    alike = len(others) > 2 and all(len(gans) == 1 and gans[0].whole for gans in others)
    told = [_said(first, None)] if first else []
    if alike:
        names = listed([gan.side for gans in others for gan in gans])
        told.append(f"one GAN of {_how_many(classes)} on each other side: {names}")
    else:
        told += [_said(gans, classes) for gans in others if gans]
    who = f"{told[0][0].upper()}{told[0][1:]}, against {listed(told[1:])}." if told[1:] else ""
    return " ".join(part for part in (who, restriction(results.plan)) if part)


def _said(gans: Sequence[Gan], classes: int | None) -> str:
    """The GANs of a side: how many, and of what.

    Args:
        classes: in all, by which one GAN of all of them is told; none: by their names.
    """
    side, named = gans[0].side, _some([gan.label for gan in gans])
    if len(gans) > 1:
        return f"{len(gans)} {side} GANs, one for each {_partition(gans)} ({named})"
    whole = classes is not None and gans[0].whole
    return f"one {side} GAN of {_how_many(classes or 0) if whole else named}"


def _partition(gans: Sequence[Gan]) -> str:
    """What each of some GANs is of."""
    portion = next((gan.task.portion for gan in gans), "").partition(" ")[0]
    return portion or ("group of classes" if any(len(one.classes) > 1 for one in gans) else "class")


def restriction(plan: Plan) -> str:
    """What is left out of a comparison of some classes alone, in a sentence; empty for all, and
    where nothing is measured.

    It is of the plan: a plan that trains the joint GAN on every class leaves nothing out.
    """
    left_out = _left_out(plan)
    if not left_out or not measurements(plan):
        return ""
    names = plan.class_names
    kept = len(plan.covered)
    return (
        f"The marginals leave out {_some([names[index] for index in left_out])}: the joint GAN, "
        f"the real images of reference and floor, and the classifier’s probabilities are "
        f"restricted to the other {kept} of {len(names)} classes."
    )


def _first(results: Results, side: str) -> list[Gan]:
    """The GANs of a side's first replicate."""
    return [gan for gan in results.gans if (gan.side, gan.replicate) == (side, 0)]


def _left_out(plan: Plan) -> list[int]:
    covered = plan.covered
    return [index for index in range(len(plan.class_names)) if index not in covered]


def _how_many(classes: int) -> str:
    return {1: "the same class", 2: "both classes"}.get(classes, f"all {classes} classes")


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST
    return listed([*names[:_MOST], f"{more} more"] if more > 0 else names)
