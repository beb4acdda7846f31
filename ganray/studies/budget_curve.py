"""How does the comparison change with the budget? Both sides at fractions of one training.

Every GAN is trained once, to the whole budget; on its way it is sampled and measured at each
fraction, so that the points of a curve lie on one trajectory.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, field_validator

from ganray.errors import RefusedInput
from ganray.plan import Plan
from ganray.report import Page, Results, sections
from ganray.report.sections import Stretch
from ganray.studies.parts.budgets import Horizons, Probe, planned_horizons, used_speed
from ganray.studies.parts.data import Data
from ganray.studies.parts.searching import plan_search
from ganray.studies.parts.settings import ComparisonSettings, RangeSearch
from ganray.studies.parts.sides import (
    SIDES,
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

Fraction = Annotated[float, Field(gt=0, le=1)]


class Settings(ComparisonSettings):
    """A study file of this study; its search, if any, is on the GANs of the whole budget."""

    study: Literal["budget_curve"] = Field("budget_curve", description="which study the file is of")
    fractions: list[Fraction] = Field(
        [0.25, 0.5, 1.0], description="of the budget, where both sides are measured; the last is 1"
    )
    search: RangeSearch = RangeSearch(on=[])

    @field_validator("fractions")
    @classmethod
    def _ascending_to_one(cls, fractions: list[float]) -> list[float]:
        if fractions != sorted(set(fractions)) or fractions[-1:] != [1.0]:
            raise ValueError("must rise, without repetition, and end with 1, the whole budget")
        if len({prefix(fraction) for fraction in fractions}) < len(fractions):
            raise ValueError("must differ within six digits, by which they are called")
        return fractions


def plan(
    settings: Settings, data: Data, other: Data | None = None, probe: Probe | None = None
) -> Plan:
    """The tasks of the study: of each fraction what trains and measures it, the smallest first.

    Args:
        other: the data set of `search.other`, whose images are probe images.
        probe: gives the speed by which a budget in device-seconds becomes iterations.

    Raises:
        RefusedInput: settings and data do not fit, or two fractions come to the same iterations.
    """
    groups = marginal_groups(settings, data)
    blocks = comparison_blocks(settings, data, groups)
    horizons = _horizons(settings, data, len(groups), probe, len(blocks.classes))
    add_embedders(blocks, settings)
    for fraction, until in horizons.items():
        with blocks.within(prefix(fraction), "" if fraction == 1 else f" at {fraction:g}"):
            joint = train_joint(blocks, settings, until)
            marginal = train_marginals(blocks, settings, groups, until)
            sides = [joint, marginal]
            scores = measure(
                blocks, sides, rulers(blocks, settings), settings.evaluate, settings.sample
            )
    plan_search(blocks, settings, joint, marginal, other)
    write_cards(blocks, sides, scores, settings.sample)
    return blocks.plan(settings.study, settings, SIDES, used_speed(settings.budget, probe))


def prefix(fraction: float) -> str:
    """How the roles of a fraction begin; those of the whole budget are as in other studies."""
    return "" if fraction == 1 else f"at/{fraction:g}/"


def _horizons(
    settings: Settings, data: Data, gans: int, probe: Probe | None, classes: int
) -> dict[float, Horizons]:
    found: dict[float, Horizons] = {}
    for fraction in settings.fractions:
        until = planned_horizons(settings, data.info.shape, gans, probe, fraction, classes)
        for smaller, earlier in found.items():
            if any(a == b for a, b in zip(earlier.all, until.all, strict=True)):
                raise RefusedInput(
                    f"{settings.told('fractions')}: {smaller:g} and {fraction:g} of "
                    f"budget.{settings.budget.told(settings.budget.unit)} come to the same "
                    "iterations of a GAN; choose others or a larger budget"
                )
        found[fraction] = until
    return found


def page(results: Results) -> Page:
    """The study's report: the curves and a verdict at each fraction, then the whole budget's."""
    fractions = [float(fraction) for fraction in results.plan.settings["fractions"]]
    stretches = [Stretch(part, results.within(prefix(part))) for part in fractions]
    parts = [
        sections.curve_section(stretches, SIDES),
        replace(sections.verdict_section(results, SIDES), title="Verdict at the whole budget"),
        *evidence(results),
    ]
    return Page.of(
        "How does the comparison change with the budget?",
        str(results.plan.dataset["name"]),
        sections.curve_lead(stretches, SIDES),
        parts,
    )
