"""What classifiers said of test images, attacked and projected, as the stage stored it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ganray.attacks import ATTACKS, Attack
from ganray.plan.defending import CLEAN, judge_role
from ganray.report.reading.results import Results


@dataclass(frozen=True)
class Judged:
    """Images that were made in one way, judged by one classifier, bare and behind sides.

    Attributes:
        made: `clean`, or an attack's number, with the side behind which it was computed if it saw
            one.
        count: images.
        right: how many of them the bare classifier knows.
        l2: mean over images of the norm of the change.
        greatest: mean of the greatest change of a pixel.
        sides: what the stage says of each side, in the plan's order.
    """

    letter: str
    made: str
    attack: Attack | None
    count: int
    right: int
    l2: float
    greatest: float
    sides: dict[str, dict[str, Any]]

    @property
    def name(self) -> str:
        """What the attack is called, with what is unusual of it."""
        attack = self.attack
        return attack.title + attack.label.removeprefix(attack.name) if attack else "none"

    @property
    def behind(self) -> str:
        """The side that the attack saw before the classifier; empty: none."""
        return self.made.partition(" ")[2]


def classifiers(results: Results) -> list[str]:
    """The letters of the study's classifiers."""
    return [str(letter) for letter in results.plan.settings["classifiers"]]


def judged(results: Results) -> list[Judged]:
    """All that was judged, classifier by classifier: clean images, then the study's attacks, each
    that sees a defence side by side."""
    found = []
    for letter in classifiers(results):
        stored = results.result(judge_role(letter))
        rows = [_read(results, letter, stored["count"], row) for row in stored.get("rows", [])]
        found += sorted(rows, key=lambda one: _place(results, one.made))
    return found


def _place(results: Results, made: str) -> tuple[int, int]:
    number, _, side = made.partition(" ")
    order = list(results.plan.sides)
    return (-1 if made == CLEAN else int(number)), order.index(side) if side else 0


def _read(results: Results, letter: str, count: int, row: dict[str, Any]) -> Judged:
    made, sides = str(row["made"]), row["sides"]
    return Judged(
        letter=letter,
        made=made,
        attack=_attack(results, made),
        count=count,
        right=row["right"],
        l2=row["l2"],
        greatest=row["greatest"],
        sides={side: sides[side] for side in results.plan.sides if side in sides},
    )


def _attack(results: Results, made: str) -> Attack | None:
    if made == CLEAN:
        return None
    return ATTACKS.parse(results.plan.settings["attacks"][int(made.split()[0])], "attacks")
