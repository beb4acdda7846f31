"""What tasks are told that attack classifiers, defend them by projections, and judge both."""

from __future__ import annotations

from ganray.attacks import AnyAttack
from ganray.models import Model
from ganray.plan.parameters import Parameters
from ganray.spec import Spec
from ganray.specs import SearchSpec

CLEAN = "clean"
"""What images are called that nobody attacked."""


def judge_role(letter: str) -> str:
    """What a study calls the judging by a classifier."""
    return f"judge/{letter}"


class ChosenImages(Spec):
    """Test images of some classes: so many of them, of each class in proportion, in an order by the
    seed.

    Attributes:
        chunk: how many are worked at once.
    """

    classes: list[int]
    count: int
    seed: int
    chunk: int


class Defending(Spec):
    """A projection onto the ranges of GANs, which are the task's inputs `gan/0` and so on.

    Attributes:
        model: of every one of them.
        restarts: descents of each image on each of them.
        kinds: the classes of each of them.
    """

    model: Model
    search: SearchSpec
    restarts: int
    seed: int
    kinds: list[list[int]]


class AttackParameters(Parameters):
    """An attack of the classifier that the input `embedder` is, seeing a defence or not."""

    attack: AnyAttack
    chosen: ChosenImages
    seed: int
    defending: Defending | None = None


class ProjectParameters(Parameters):
    """A projection of the images that the input `images` holds, else of the chosen ones."""

    chosen: ChosenImages
    defending: Defending


class JudgeParameters(Parameters):
    """What a classifier says of the chosen images, attacked and projected.

    The inputs say what was done: `attacked/<made>`, and, of each side, `projected/<side>/<made>`;
    what was made is `clean` or an attack's number.
    """

    chosen: ChosenImages
    kinds: dict[str, list[list[int]]]
