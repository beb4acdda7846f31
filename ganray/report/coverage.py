"""Which classes a comparison is of, and how its marginal GANs share them, in words."""

from __future__ import annotations

from collections.abc import Sequence

from ganray.plan import Plan
from ganray.report.results import Results
from ganray.roles import Gan
from ganray.wording import listed

_MOST = 8  # groups or classes that a sentence names


def title(results: Results) -> str:
    """The question that a comparison asks."""
    grouped = any(len(gan.classes) > 1 for gan in _marginals(results))
    return f"One GAN per {'group of classes' if grouped else 'class'}, or one for all?"


def opening(results: Results) -> str:
    """Who is compared and on which classes, where it is not one GAN for each class of the data."""
    gans = _marginals(results)
    if all(len(gan.classes) == 1 for gan in gans) and not _left_out(results.plan):
        return ""
    partition = "group of classes" if any(len(gan.classes) > 1 for gan in gans) else "class"
    named = _some([gan.label for gan in gans])
    who = (
        f"{len(gans)} marginal GANs, one for each {partition} ({named})"
        if len(gans) > 1
        else f"One marginal GAN of {named}"
    )
    joint = f"one joint GAN of {_how_many(len(results.covered))}"
    parts = [f"{who}, against {joint}.", restriction(results.plan)]
    return " ".join(part for part in parts if part)


def restriction(plan: Plan) -> str:
    """What is left out of a comparison of some classes alone, in a sentence; empty for all.

    It is of the plan: a plan that trains the joint GAN on every class leaves nothing out.
    """
    left_out = _left_out(plan)
    if not left_out:
        return ""
    names = [str(name) for name in plan.dataset["class_names"]]
    kept = len(plan.covered)
    return (
        f"The marginals leave out {_some([names[index] for index in left_out])}: the joint GAN, "
        f"the real images of reference and floor, and the classifier’s probabilities are "
        f"restricted to the other {kept} of {len(names)} classes."
    )


def _marginals(results: Results) -> list[Gan]:
    return [gan for gan in results.gans if (gan.side, gan.replicate) == ("marginal", 0)]


def _left_out(plan: Plan) -> list[int]:
    covered = plan.covered
    return [index for index in range(len(plan.dataset["class_names"])) if index not in covered]


def _how_many(classes: int) -> str:
    return {1: "the same class", 2: "both classes"}.get(classes, f"all {classes} classes")


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST
    return listed([*names[:_MOST], f"{more} more"] if more > 0 else names)
