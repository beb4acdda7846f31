"""One GAN for each class, or one for all? The source document's main comparison.

Every GAN is trained for the same iterations (the document's protocol), or both sides have one
budget. They are sampled by the same class distribution, and measured on the same features with the
same number of images.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganray.plan import Plan
from ganray.report import Page, Results, sections
from ganray.report.comparing.coverage import title
from ganray.studies.parts.budgets import Probe, used_speed
from ganray.studies.parts.data import Data
from ganray.studies.parts.rivals import train_sides
from ganray.studies.parts.settings import ComparisonSettings
from ganray.studies.parts.sides import (
    SIDES,
    comparison_blocks,
    evidence,
    marginal_groups,
    measure,
    rulers,
    write_cards,
)


class Settings(ComparisonSettings):
    """A study file of this study."""

    study: Literal["marginal_vs_joint"] = Field(
        "marginal_vs_joint", description="which study the file is of"
    )


def plan(
    settings: Settings, data: Data, other: Data | None = None, probe: Probe | None = None
) -> Plan:
    """The tasks of the study, in the order in which they should start: the joint GANs first.

    Args:
        other: the data set of `search.other`, whose images are probe images.
        probe: gives the speed by which a budget in device-seconds becomes iterations.

    Raises:
        RefusedInput: settings and data do not fit, e.g. a class smaller than the batch.
    """
    groups = marginal_groups(settings, data)
    blocks = comparison_blocks(settings, data, groups)
    sides = train_sides(blocks, settings, groups, (), other, probe)
    scores = measure(blocks, sides, rulers(blocks, settings), settings.evaluate, settings.sample)
    write_cards(blocks, sides, scores, settings.sample)
    return blocks.plan(settings.study, settings, SIDES, used_speed(settings.budget, probe))


def page(results: Results) -> Page:
    """The study's report: who is better by how much, then everything that this rests on."""
    parts = [sections.verdict_section(results, SIDES), *evidence(results)]
    return Page.of(
        title(results),
        str(results.plan.dataset["name"]),
        sections.verdict_lead(results, SIDES),
        parts,
    )
