"""A toy study: one GAN for each class, one for each two, and one for all."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganray.plan import Plan
from ganray.report import Page, Results, sections
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.data import Data
from ganray.studies.parts.settings import Setup
from ganray.studies.parts.sides import Side, measure, rulers, write_cards

SIDES = ("single", "pairs", "all")


class Settings(Setup):
    """How long they are trained."""

    study: Literal["three_sides"] = Field("three_sides", description="which study the file is of")
    replicates: int = Field(1, ge=1, description="GANs trained anew")
    iterations: int = Field(2, ge=1, description="of each GAN")


def plan(settings: Settings, data: Data, *_: object) -> Plan:
    """Three partitions of the classes."""
    blocks = Blocks(data, settings.seed)
    blocks.import_data(settings.data)
    every = blocks.classes
    partitions = {
        "single": [[k] for k in every],
        "pairs": [every[k : k + 2] for k in range(0, len(every), 2)],
        "all": [every],
    }
    sides = [Side(name, groups, []) for name, groups in partitions.items()]
    for replicate in range(settings.replicates):
        for side in sides:
            gans = [
                blocks.train(side.name, f"{side.name} {data.label(group)}", group, replicate,
                             settings.model, settings.train, settings.iterations)
                for group in side.groups
            ]  # fmt: skip
            side.gans.append(gans)
    write_cards(blocks, sides, measure(blocks, sides, rulers(blocks, settings), settings.evaluate))
    return blocks.plan(settings.study, settings, SIDES)


def page(results: Results) -> Page:
    """Every section that knows sides."""
    return Page(
        title="How many GANs?",
        subject=str(results.plan.dataset["name"]),
        lead=sections.verdict(results, SIDES),
        sections=[
            sections.verdict_section(results, SIDES),
            sections.scores_section(results, SIDES),
            sections.samples_section(results, SIDES),
            sections.losses_section(results),
            sections.protocol_section(results),
        ],
    )
