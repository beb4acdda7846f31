"""How useful are generated images to whoever trains a classifier? Worth how many real ones?

Classifiers are taught by generated images and examined on real ones (the classification accuracy
score, train on synthetic and test on real), the other way round, and by generated images beside
real ones. Those that are taught by ever more real images give the curve on which a number of real
images stands beside each side. After Madry's lecture "Are GANs Truly Distribution Learners?";
Santurkar et al., arXiv 1711.00970; Ravuri and Vinyals, arXiv 1905.10887.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from ganray.errors import RefusedInput
from ganray.plan import Plan
from ganray.report import Page, Results
from ganray.report.sections.lessons.usefulness import usefulness_lead, usefulness_sections
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.budgets import Probe, used_speed
from ganray.studies.parts.data import Data, refuse_unlabelled
from ganray.studies.parts.lessons import REAL, Course, Learner, label_side, teach_and_examine
from ganray.studies.parts.rivals import Rival, refuse_seconds, train_sides
from ganray.studies.parts.scoring.evaluate import MOST_IMAGES
from ganray.studies.parts.settings import ComparisonSettings, Distinct, RangeSearch, names_differ
from ganray.studies.parts.sides import (
    JOINT,
    MARGINAL,
    Side,
    comparison_blocks,
    evidence,
    marginal_groups,
    measure,
    rulers,
    write_cards,
)

Count = Annotated[int, Field(ge=1, le=MOST_IMAGES)]


class Settings(ComparisonSettings):
    """A study file of this study."""

    study: Literal["usefulness"] = Field("usefulness", description="which study the file is of")
    rivals: list[Rival] = Field([], description="sides beside marginal and joint")
    synthetic: Count = Field(
        2000, description="images of each side that teach, as many of each class as real ones are"
    )
    real: Distinct[Count] = Field(
        [20, 100, 500, 2000],
        min_length=1,
        description="numbers of real images that teach a classifier, alone and beside those",
    )
    lessons: int = Field(500, ge=1, description="iterations in which one is taught, each alike")
    learners: Distinct[Learner] = Field(
        ["network", "linear"],
        min_length=1,
        description="what is taught: a network as of `encoder`, a linear classifier of pixels",
    )
    search: RangeSearch = RangeSearch(on=[])

    @field_validator("rivals")
    @classmethod
    def _names_differ(cls, rivals: list[Rival]) -> list[Rival]:
        names_differ(rivals, MARGINAL, JOINT, REAL)
        return rivals

    @model_validator(mode="after")
    def _of_classes(self) -> Settings:
        if self.split is not None:
            raise ValueError(
                f"split.{self.split.told('clusters')}: the images of a cluster have no class of "
                "their own, and lessons are of classes; leave split out"
            )
        return self


def plan(
    settings: Settings, data: Data, other: Data | None = None, probe: Probe | None = None
) -> Plan:
    """The tasks of the study: GANs and scores as of `rivals`, then lessons and exams.

    Raises:
        RefusedInput: settings and data do not fit.
    """
    _refuse(settings, data)
    groups = marginal_groups(settings, data)
    blocks = comparison_blocks(settings, data, groups)
    _refuse_more_than_there_are(settings, blocks)
    sides = train_sides(blocks, settings, groups, settings.rivals, other, probe)
    scores = measure(blocks, sides, rulers(blocks, settings), settings.evaluate, settings.sample)
    _teach(blocks, settings, sides)
    write_cards(blocks, sides, scores, settings.sample)
    names = [MARGINAL, JOINT, *(rival.name for rival in settings.rivals)]
    speed = used_speed(settings.budget, probe)
    return blocks.plan(settings.study, settings, names, speed, named=True)


def _refuse(settings: Settings, data: Data) -> None:
    refuse_unlabelled(data, settings.study)
    if settings.rivals:
        refuse_seconds(settings)


def _refuse_more_than_there_are(settings: Settings, blocks: Blocks) -> None:
    info = blocks.data.info
    there = sum(info.counts["train"][index] for index in blocks.classes)
    if max(settings.real) > there:
        raise RefusedInput(
            f"real (={settings.real}) must be at most {there}, the training images of {info.name}"
            + (" of the classes that the marginals cover" if blocks.subset else "")
        )


def _teach(blocks: Blocks, settings: Settings, sides: list[Side]) -> None:
    """Lessons and exams of every replicate."""
    classifier = blocks.encoder(settings.encoder)
    course = Course(settings.encoder, settings.lessons, settings.learners, sorted(settings.real))
    for replicate in range(settings.replicates):
        labelled = {
            side.name: label_side(
                *(blocks, side, replicate, settings.synthetic, settings.sample, classifier)
            )
            for side in sides
        }
        teach_and_examine(blocks, course, replicate, labelled)


def page(results: Results) -> Page:
    """What classifiers learnt, of whom; then the scores, and all that this rests on."""
    parts = [*usefulness_sections(results), *evidence(results)]
    return Page.of(
        "What are generated images worth to a classifier?",
        str(results.plan.dataset["name"]),
        usefulness_lead(results),
        parts,
    )
