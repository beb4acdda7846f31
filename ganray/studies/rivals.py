"""One GAN for each class, one for all, or one of another kind? Further sides of the comparison.

Each rival is one GAN of all the study's classes with networks or an algorithm of its own: told
labels (CGAN, AC-GAN, projection), of several generators (MGAN, MAD-GAN, MIX+GAN), or trained in
another way. A budget in operations gives every side the same compute, whatever an iteration of it
costs.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from ganray.plan import Plan
from ganray.report import Page, Results, sections
from ganray.report.comparing.coverage import title
from ganray.studies.parts.budgets import (
    Probe,
    used_speed,
)
from ganray.studies.parts.data import Data
from ganray.studies.parts.rivals import Rival, refuse_seconds, train_sides
from ganray.studies.parts.settings import ComparisonSettings, names_differ
from ganray.studies.parts.sides import (
    JOINT,
    MARGINAL,
    comparison_blocks,
    evidence,
    marginal_groups,
    measure,
    rulers,
    write_cards,
)


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
    refuse_seconds(settings)
    groups = marginal_groups(settings, data)
    blocks = comparison_blocks(settings, data, groups)
    sides = train_sides(blocks, settings, groups, settings.rivals, other, probe)
    scores = measure(blocks, sides, rulers(blocks, settings), settings.evaluate, settings.sample)
    write_cards(blocks, sides, scores, settings.sample)
    names = [MARGINAL, JOINT, *(rival.name for rival in settings.rivals)]
    speed = used_speed(settings.budget, probe)
    return blocks.plan(settings.study, settings, names, speed, named=True)


def page(results: Results) -> Page:
    """The study's report: each side against the marginal GANs, then all that this rests on."""
    sides = results.plan.sides
    parts = [sections.verdict_section(results, sides), *evidence(results)]
    return Page.of(
        title(results),
        str(results.plan.dataset["name"]),
        sections.verdict_lead(results, sides),
        parts,
    )
