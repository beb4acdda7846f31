"""Attacks, projections and judgements of a study, once its GANs and classifiers are planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ganray.attacks import Attack
from ganray.plan import Task, task_seed
from ganray.plan.defending import (
    CLEAN,
    AttackParameters,
    ChosenImages,
    Defending,
    JudgeParameters,
    ProjectParameters,
    judge_role,
)
from ganray.specs import chunks_for
from ganray.studies.parts.blocks import Blocks


@dataclass(frozen=True)
class DefendingSide:
    """A side's GANs, as a defence."""

    name: str
    gans: list[Task]
    told: Defending

    @property
    def inputs(self) -> dict[str, Task]:
        """The GANs, as tasks are given them."""
        return {f"gan/{place}": gan for place, gan in enumerate(self.gans)}


@dataclass(frozen=True)
class Trial:
    """One classifier under attack, with each side before it.

    Attributes:
        letter: what the classifier is called.
        chosen: the images.
        sides: in the order in which a report compares them.
    """

    blocks: Blocks
    letter: str
    classifier: Task
    chosen: ChosenImages
    sides: Mapping[str, DefendingSide]

    def judge(self, attacks: list[Attack]) -> Task:
        """All attacks, the projections of what they made, and what the classifier says of it."""
        seen: dict[str, Task | str] = {}
        for side in self.sides.values():
            seen[f"projected/{side.name}/{CLEAN}"] = self._project(side)
        for index, attack in enumerate(attacks):
            through = [*self.sides.values()] if attack.sees == "defence" else [None]
            for one in through:
                made = f"{index} {one.name}" if one else str(index)
                seen |= self._seen(made, self._attack(attack, made, one), one)
        kinds = {name: side.told.kinds for name, side in self.sides.items()}
        return self.blocks.builder.add(
            judge_role(self.letter),
            "judge",
            f"judgement of classifier {self.letter}",
            JudgeParameters(chosen=self.chosen, kinds=kinds),
            {"data": self.blocks.source, "embedder": self.classifier} | seen,
        )

    def _seen(self, made: str, attacked: Task, through: DefendingSide | None) -> dict[str, Task]:
        """The attacked images, and their projections: by the side that the attack saw, or all."""
        sides = [through] if through else self.sides.values()
        projected = {
            f"projected/{side.name}/{made}": self._project(side, attacked, made) for side in sides
        }
        return {f"attacked/{made}": attacked} | projected

    def _attack(self, attack: Attack, made: str, through: DefendingSide | None) -> Task:
        blocks, chosen = self.blocks, self.chosen
        told = {"defending": through.told} if through else {}
        said = f" behind the {through.name} projection" if through else ""
        seed = task_seed(blocks.seed, "attack", [], 0)
        return blocks.builder.add(
            f"attack/{self.letter}/{made}",
            "attack",
            f"{attack.label} of classifier {self.letter}{said}",
            AttackParameters(attack=attack, chosen=chosen, seed=seed, **told),
            {"data": blocks.source, "embedder": self.classifier}
            | (through.inputs if through else {}),
            chunks=chunks_for(chosen.count, chosen.chunk),
        )

    def _project(
        self, side: DefendingSide, attacked: Task | None = None, made: str = CLEAN
    ) -> Task:
        """A projection of attacked images, or of clean ones, which is all classifiers'."""
        which = f"{self.letter}/{made}" if attacked else CLEAN
        return self.blocks.builder.add(
            f"project/{side.name}/{which}",
            "project",
            f"projection by {side.name} of {attacked.title if attacked else 'clean images'}",
            ProjectParameters(chosen=self.chosen, defending=side.told),
            {"data": self.blocks.source, **side.inputs}
            | ({"images": attacked} if attacked else {}),
            chunks=chunks_for(self.chosen.count, self.chosen.chunk),
        )
