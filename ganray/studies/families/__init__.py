"""Families of GANs by name: networks and algorithm together, with the settings that were published.

Each is a file NAME.yaml here with the groups `model` and `train` of a study file; a further one
needs no line anywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from ganray.errors import RefusedInput
from ganray.models import MODELS, ModelSpec
from ganray.spec import unknown_name
from ganray.text.study_yaml import load
from ganray.train.algorithms import ALGORITHMS, wants_labels
from ganray.train.spec import TrainSpec

_ENDING = ".yaml"


@dataclass(frozen=True)
class Family:
    """One of them.

    Attributes:
        text: its file.
    """

    name: str
    text: str

    @property
    def about(self) -> str:
        """What its file says of it before the settings, in one line."""
        lines = [line for line in self.text.splitlines() if line.startswith("#")]
        return " ".join(line.lstrip("# ") for line in lines)

    @property
    def model(self) -> ModelSpec:
        """Its networks."""
        return MODELS.parse(self._groups["model"], f"{self.name}: model")

    @property
    def train(self) -> TrainSpec:
        """How they are trained."""
        return ALGORITHMS.parse(self._groups["train"], f"{self.name}: train")

    @property
    def papers(self) -> list[str]:
        """Where its networks and its algorithm are described."""
        return list(dict.fromkeys(one for one in (self.model.paper, self.train.paper) if one))

    @property
    def told_labels(self) -> bool:
        """Whether it is a GAN of several classes that is told them."""
        return wants_labels(self.model, self.train)

    def kinds(self, classes: int) -> int:
        """How many kinds of images its networks know, where data have so many classes."""
        if self.model.translates:
            return 2
        return classes if self.told_labels else 1

    @property
    def needs(self) -> str:
        """What data it needs beyond images, and what its networks or algorithm forbid."""
        found = ["labels of two classes or more"] if self.told_labels else []
        if self.train.translates:
            found = ["pairs of images" if self.train.together else "images of two domains"]
        if self.model.coupled or self.train.whole:
            found.append("no joint.workers")
        return ", ".join(found)

    @cached_property
    def _groups(self) -> dict[str, Any]:
        groups: dict[str, Any] = load(self.text)
        return groups


@cache
def families() -> dict[str, Family]:
    """All of them by their names."""
    found = (file for file in files(__name__).iterdir() if file.name.endswith(_ENDING))
    names = sorted((file.name.removesuffix(_ENDING), file) for file in found)
    return {name: Family(name, file.read_text()) for name, file in names}


def family(name: str, argument: str) -> Family:
    """The family of that name.

    Raises:
        RefusedInput: there is none; says the nearest, by `argument`.
    """
    known = families()
    if name not in known:
        raise RefusedInput(f"{argument}: {unknown_name(name, list(known))}")
    return known[name]
