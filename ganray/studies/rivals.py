"""One GAN for each class, one for all, or one of another kind? Further sides of the comparison.

Each rival is one GAN of all the study's classes with networks or an algorithm of its own: told
labels (CGAN, AC-GAN, projection), of several generators (MGAN, MAD-GAN, MIX+GAN), or trained in
another way. A budget in operations gives every side the same compute, whatever an iteration of it
costs.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from ganray.errors import RefusedInput
from ganray.models import Model
from ganray.plan import Plan
from ganray.report import Page, Results, sections
from ganray.report.coverage import title
from ganray.spec import Spec
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.budgets import (
    Probe,
    horizons,
    iteration_cost,
    planned_horizons,
    used_speed,
)
from ganray.studies.parts.data import Data
from ganray.studies.parts.searching import plan_search
from ganray.studies.parts.settings import ComparisonSettings, SidesSettings, names_differ
from ganray.studies.parts.sides import (
    JOINT,
    MARGINAL,
    Side,
    add_embedders,
    comparison_blocks,
    evidence,
    marginal_groups,
    measure,
    rulers,
    train_joint,
    train_marginals,
    write_cards,
)
from ganray.train.algorithms import Training


class Rival(Spec):
    """A further side: one GAN of all classes."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$", description="what the side is called")
    model: Model | None = Field(None, description="its networks; none: the study's")
    train: Training | None = Field(None, description="how it is trained; none: as the study's")


class Settings(ComparisonSettings):
    """A study file of this study."""

    study: Literal["rivals"] = Field("rivals", description="which study the file is of")
    rivals: list[Rival] = Field(min_length=1, description="sides beside marginal and joint")

    @field_validator("rivals")
    @classmethod
    def _names_differ(cls, rivals: list[Rival]) -> list[Rival]:
        names_differ(rivals, MARGINAL, JOINT)
        return rivals


def plan(
    settings: Settings, data: Data, other: Data | None = None, probe: Probe | None = None
) -> Plan:
    """The tasks of the study: joint GANs first, then the rivals, then the marginal ones.

    Raises:
        RefusedInput: settings and data do not fit; or a budget in device-seconds, which is
            measured for one kind of GAN alone.
    """
    if settings.budget.unit == "device_seconds":
        raise RefusedInput(
            "budget.device_seconds is converted at the speed of one kind of GAN, and rivals are of "
            "others; name budget.flops for equal compute, or iterations or images"
        )
    groups = marginal_groups(settings, data)
    blocks = comparison_blocks(settings, data, groups)
    until = planned_horizons(
        settings, data.info.shape, len(groups), probe, classes=len(blocks.classes)
    )
    joint = train_joint(blocks, settings, until)
    rivals = [train_rival(blocks, settings, rival) for rival in settings.rivals]
    add_embedders(blocks, settings)
    marginal = train_marginals(blocks, settings, groups, until)
    plan_search(blocks, settings, joint, marginal, other, rivals)
    sides = [joint, *rivals, marginal]
    scores = measure(blocks, sides, rulers(blocks, settings), settings.evaluate, settings.sample)
    write_cards(blocks, sides, scores, settings.sample)
    names = [MARGINAL, JOINT, *(rival.name for rival in settings.rivals)]
    speed = used_speed(settings.budget, probe)
    return blocks.plan(settings.study, settings, names, speed, named=True)


def train_rival(blocks: Blocks, settings: SidesSettings, rival: Rival) -> Side:
    """The GANs of a further side.

    Raises:
        RefusedInput: as `Blocks.train`, and naming it.
    """
    model, train = rival.model or settings.model, rival.train or settings.train
    try:
        cost = iteration_cost(
            settings.budget, blocks.data.info.shape, model, train, None, len(blocks.classes)
        )
        until = horizons(settings.budget, cost, 1).joint
        gans = [
            blocks.train(rival.name, rival.name, blocks.classes, replicate, model, train, until)
            for replicate in range(settings.replicates)
        ]
    except RefusedInput as error:
        raise RefusedInput(f"rivals ({rival.name}): {error}") from None
    return Side(rival.name, [blocks.classes], [[gan] for gan in gans])


def page(results: Results) -> Page:
    """The study's report: each side against the marginal GANs, then all that this rests on."""
    sides = results.plan.sides
    parts = [sections.verdict_section(results, sides), *evidence(results)]
    return Page(
        title=title(results),
        subject=str(results.plan.dataset["name"]),
        lead=sections.verdict_lead(results, sides),
        sections=[part for part in parts if part is not None],
    )
