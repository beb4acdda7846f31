"""What a study calls its tasks; its GANs: whose side each is on, and which classes it knows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ganray.errors import RefusedInput, quoted
from ganray.plan.graph import Plan
from ganray.plan.task import Task
from ganray.scores import ScoreName
from ganray.text.names import composed, exact_label, label, labels

_GAN = re.compile(r"train/(?P<side>[^/]+)/(?P<label>.*)/(?P<replicate>\d+)", re.DOTALL)
_FLOOR, _MEASURE = "floor", "measure"


def gan_role(purpose: str, side: str, names: Sequence[str], replicate: int, part: str = "") -> str:
    """What a study calls the training of one GAN, and what is made of it; none are called alike.

    Args:
        purpose: "train", "sample", "card" and so on.
        names: of its classes.
        part: of the study that it belongs to; empty, or ends in a slash.
    """
    return f"{part}{purpose}/{side}/{label(names)}/{replicate}"


def floor_role(name: ScoreName) -> str:
    """What a study calls the floor of a score."""
    return "/".join((_FLOOR, *name))


def measure_role(name: ScoreName, side: str, replicate: int, part: str = "", draw: int = 0) -> str:
    """What a study calls the measuring of a side's replicate.

    Args:
        part: as of `gan_role`.
        draw: which of its sampling seeds.
    """
    return part + "/".join((_MEASURE, *name, side, str(replicate))) + drawn(draw)


def extremes_role(encoder: str, side: str, part: str = "") -> str:
    """What a study calls the search for the images of a side that are shown beside its scores."""
    return f"{part}extremes/{encoder}/{side}"


def lesson_role(learner: str, shown: str, side: str, real: int, replicate: int) -> str:
    """What a study calls the teaching of a classifier.

    Args:
        learner: what kind of classifier.
        shown: the kind of images that it sees.
        side: whose these are, where they are not real ones.
        real: how many real ones are among them.
    """
    return f"taught/{learner}/{shown}/{side}/{real}/{replicate}"


def exam_role(learner: str, side: str, replicate: int) -> str:
    """What a study calls the examination of such a classifier on a side's images."""
    return f"exam/{learner}/{side}/{replicate}"


def drawn(draw: int) -> str:
    """How what is made with a further sampling seed is told from what the first one gave."""
    return f"/draw/{draw}" if draw else ""


@dataclass(frozen=True)
class Measurement:
    """One side's replicate, measured by one metric on one encoder.

    Attributes:
        roles: of the tasks that measure it, one for each sampling seed.
    """

    name: ScoreName
    side: str
    replicate: int
    roles: tuple[str, ...]


def measurements(plan: Plan) -> list[Measurement]:
    """All that is measured of the plan's GANs, in the plan's order."""
    found: dict[tuple[str, ...], list[str]] = {}
    for role in plan.roles:
        first, *rest = role.split("/")
        if first == _MEASURE:
            found.setdefault(tuple(rest[:4]), []).append(role)
    return [
        Measurement(ScoreName(metric, encoder), side, int(replicate), tuple(roles))
        for (metric, encoder, side, replicate), roles in found.items()
    ]


def floors(plan: Plan, encoder: str) -> list[str]:
    """The roles of the floors on an encoder."""
    known = (role.split("/") for role in plan.roles)
    return ["/".join(parts) for parts in known if parts[0] == _FLOOR and parts[2:] == [encoder]]


@dataclass(frozen=True)
class Gan:
    """One trained GAN of a plan; `label` says its classes' names, or its cluster's."""

    side: str
    label: str
    replicate: int
    role: str
    task: Task
    whole: bool = False
    """Whether it is trained on all images of all the classes that the plan is of."""

    @property
    def classes(self) -> list[int]:
        """The classes that it was trained on."""
        return self.task.classes

    @property
    def name(self) -> str:
        """What a report calls it: its side, and what its classes are called unless it has all."""
        return self.side if self.whole else f"{self.side} {self.label}"


def gans_of(plan: Plan) -> list[Gan]:
    """Every GAN of the plan, in the plan's order."""
    found = []
    for role in plan.roles:
        if parts := _GAN.fullmatch(role):
            task = plan.task(role)
            said = label(_names(plan, task))
            whole = not task.portion and task.classes == plan.covered
            found.append(Gan(parts["side"], said, int(parts["replicate"]), role, task, whole))
    return found


def side_gans(plan: Plan, side: str, replicate: int) -> list[Gan]:
    """The GANs of one side and replicate, in the plan's order.

    Raises:
        RefusedInput: the run has no such replicate.
    """
    mine = [gan for gan in gans_of(plan) if gan.side == side]
    there = [gan for gan in mine if gan.replicate == replicate]
    if not mine:
        raise RefusedInput(f"run {plan.run} has no {side} GANs")
    if not there:
        known = ", ".join(dict.fromkeys(str(gan.replicate) for gan in mine))
        raise RefusedInput(f"replicate (={replicate}) of the {side} GANs must be one of: {known}")
    return there


def in_pairs(plan: Plan, first: str, second: str) -> bool:
    """Whether the replicates of two sides belong together, place by place.

    They do where the study says so, and where both sides are made of one GAN in every replicate.
    """
    if plan.settings.get("paired"):
        return True
    made: dict[str, dict[int, set[str]]] = {first: {}, second: {}}
    for gan in gans_of(plan):
        if gan.side in made:
            made[gan.side].setdefault(gan.replicate, set()).add(gan.task.address)
    a, b = made[first], made[second]
    return bool(a) and a.keys() == b.keys() and all(a[one] & b[one] for one in a)


def chosen_side(plan: Plan, name: str | None) -> str:
    """A side of the plan: the one that is called so, or the first that it compares.

    Raises:
        RefusedInput: there is none; names those that there are.
    """
    trained = dict.fromkeys(gan.side for gan in gans_of(plan))
    sides = [*dict.fromkeys(side for side in (*plan.sides, *trained) if side in trained)]
    if not sides:
        raise RefusedInput(f"run {plan.run} has no GANs")
    if name is None or name in sides:
        return sides[0] if name is None else name
    raise RefusedInput(f"side (={quoted(name)}) must be one of: {', '.join(sides)}")


def find_gan(plan: Plan, side: str, name: str, replicate: int) -> Gan:
    """The GAN of one side that is trained on the class, or classes, `name`.

    Args:
        name: a class, `1+2` for a GAN of several, or either in quotes: `"1"+"2"`; empty for the
            one GAN of a side that has no other.

    Raises:
        RefusedInput: there is no such GAN, or there are two; names those that there are.
    """
    there = side_gans(plan, side, replicate)  # else the replicate is wrong, whatever the class
    if not name and len(there) == 1:
        return there[0]
    said = f"{side} GAN (={quoted(name)}, replicate {replicate})"
    known = [f"{gan.label}/{replicate}" for gan in there]
    return there[chosen(name, [_names(plan, gan.task) for gan in there], said, known)]


def gan_called(plan: Plan, name: str, replicate: int) -> Gan:
    """The GAN that a user names: by its side where that has no other, by its classes, or by both.

    Classes alone are those of the first side of several GANs; with the side before them, as
    reports have it ("pairs 0+1"), those of any.

    Raises:
        RefusedInput: as `find_gan`.
    """
    there = [gan for gan in gans_of(plan) if gan.replicate == replicate]
    counts = Counter(gan.side for gan in there)
    if counts[name] == 1:  # in any case: a class of that name is '"joint"'
        return find_gan(plan, name, "", replicate)
    several = [side for side in plan.sides if counts[side] > 1]
    first = (several or list(plan.sides) or [name])[0]
    if not there:
        side_gans(plan, first, replicate)  # which says that there is no such replicate
    found = [gan for gan in there if composed(name) in _called(plan, gan, first)]
    if len(found) == 1:
        return found[0]
    said = f"GAN (={quoted(name)}, replicate {replicate})"
    if found:
        exact = (f"{gan.side} {exact_label(_names(plan, gan.task))}" for gan in found)
        raise RefusedInput(f"{said} may be any of these: {', '.join(exact)}")
    raise RefusedInput(f"{said} must be one of: {', '.join(gan.name for gan in there)}")


def _called(plan: Plan, gan: Gan, first: str) -> set[str]:
    """How one names it: by its side and its classes, of the first side also by these alone."""
    known = [composed(one) for one in labels(_names(plan, gan.task))]
    return {f"{gan.side} {one}" for one in known} | (set(known) if gan.side == first else set())


def chosen(name: str, groups: Sequence[Sequence[str]], said: str, known: Sequence[str]) -> int:
    """Which of several groups of classes is called `name`.

    Args:
        said: how a refusal begins: the argument with its value.
        known: all that would be valid.

    Raises:
        RefusedInput: none is, or two are.
    """
    alike = [{composed(one) for one in labels(group)} for group in groups]
    found = [index for index, own in enumerate(alike) if composed(name) in own]
    if len(found) == 1:
        return found[0]
    if found:
        exact = ", ".join(exact_label(groups[index]) for index in found)
        raise RefusedInput(f"{said} may be any of these; put the names in quotes: {exact}")
    raise RefusedInput(f"{said} must be one of: {', '.join(known)}")


def _names(plan: Plan, task: Task) -> list[str]:
    """What a GAN's images are called: their classes, or the one part of these that it sees."""
    return [task.portion] if task.portion else [plan.class_names[k] for k in task.classes]
