"""Does a projection onto what GANs can make defend a classifier, and do marginal GANs do it better?

Defense-GAN (Samangouei et al., arXiv 1805.06605) replaces each image by the nearest that the joint
GAN is found to make; the marginal side by the nearest of all its GANs. Classifiers see test images
as they are, attacked, and projected; attacks of the classifier alone are carried over to the
defended one, others are computed through the defence. What the projection does to images that
nobody attacked is the other half: an image that it moves into another class is lost.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ganray.attacks import AnyAttack, Bpda, CarliniWagnerL2, Fgsm, LatentAttack, RandFgsm
from ganray.cost.spending import Cost
from ganray.errors import RefusedInput
from ganray.models import DefenseGan, Model
from ganray.plan import Plan, Task, task_seed
from ganray.plan.classes import partitions
from ganray.plan.defending import ChosenImages, Defending
from ganray.report import Page, Results, sections
from ganray.report.sections.defending.defence import defence_lead, defence_sections
from ganray.specs import SearchSpec
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.budgets import Probe, horizons, iteration_cost, used_speed
from ganray.studies.parts.data import Data, refuse_unlabelled
from ganray.studies.parts.defending import DefendingSide, Trial
from ganray.studies.parts.settings import Budget, Distinct, OfData, WithMarginals
from ganray.studies.parts.sides import JOINT, MARGINAL, SIDES
from ganray.train.algorithms import Training, WganGp

Letter = Literal["A", "B", "C", "D", "E", "F"]


class Projection(SearchSpec):
    """How images are projected: Defense-GAN's search, as published."""

    restarts: int = Field(
        10,
        ge=1,
        le=10**6,
        description="R, descents of each image on the joint GAN; marginal GANs share them, and "
        "have one each at least",
    )
    chunk: int = Field(20, ge=1, description="images attacked or projected at once")

    @model_validator(mode="after")
    def _all_to_the_end(self) -> Projection:
        if self.stopping != "none":
            raise ValueError(
                f"stopping (={self.stopping!r}) must be 'none' for projections, whose descents an "
                "attacker repeats"
            )
        return self

    @property
    def descent(self) -> SearchSpec:
        """The part that shapes each descent."""
        told = {name: getattr(self, name) for name in SearchSpec.model_fields if name != "chunk"}
        return SearchSpec(**told)


class Settings(WithMarginals, OfData):
    """A study file of this study."""

    study: Literal["defence"] = Field("defence", description="which study the file is of")
    model: Model = Field(DefenseGan(), description="the networks of each GAN")
    train: Training = Field(WganGp(), description="how each GAN is trained")
    budget: Budget = Budget()
    classifiers: Distinct[Letter] = Field(
        ["A", "F"],
        min_length=1,
        description="that are attacked and defended: Defense-GAN's; `encoder` says how each learns",
    )
    attacks: Distinct[AnyAttack] = Field(
        [Fgsm(), RandFgsm(), CarliniWagnerL2(), Bpda(), LatentAttack()],
        min_length=1,
        description="each with its settings",
    )
    images: int = Field(100, ge=1, description="test images, of each class in proportion")
    projection: Projection = Projection()
    cost: Cost = Cost()

    @model_validator(mode="after")
    def _networks_are_the_classifiers(self) -> Settings:
        if "network" in self.encoder.model_fields_set:
            raise ValueError(
                f"encoder.network (={self.encoder.network!r}): classifiers (={self.classifiers}) "
                "name the networks; leave it out"
            )
        return self


def plan(settings: Settings, data: Data, _: Data | None = None, probe: Probe | None = None) -> Plan:
    """The tasks of the study: GANs and classifiers, attacks, projections, judgements.

    Raises:
        RefusedInput: settings and data do not fit.
    """
    refuse_unlabelled(data, settings.study)
    groups = partitions(settings.marginals, data.info.class_names)
    blocks = Blocks(data, settings.seed, sorted({index for group in groups for index in group}))
    chosen = _chosen(blocks, settings)
    blocks.import_data(settings.data)
    cost = iteration_cost(
        settings.budget, data.info.shape, settings.model, settings.train, probe, len(blocks.classes)
    )
    until = horizons(settings.budget, cost, len(groups))
    joint = _train(blocks, settings, JOINT, [blocks.classes], (until.joint,))
    classifiers = {letter: _classifier(blocks, settings, letter) for letter in settings.classifiers}
    marginal = _train(blocks, settings, MARGINAL, groups, until.marginal)
    shared = max(1, settings.projection.restarts // len(groups))
    alone = _defending(blocks, settings, [blocks.classes], settings.projection.restarts)
    sides = {
        MARGINAL: DefendingSide(MARGINAL, marginal, _defending(blocks, settings, groups, shared)),
        JOINT: DefendingSide(JOINT, joint, alone),
    }
    for letter, classifier in classifiers.items():
        Trial(blocks, letter, classifier, chosen, sides).judge(settings.attacks)
    for gan in [*joint, *marginal]:
        blocks.card(gan, [])
    return blocks.plan(settings.study, settings, SIDES, used_speed(settings.budget, probe))


def _chosen(blocks: Blocks, settings: Settings) -> ChosenImages:
    """Which test images; refused where there are not so many."""
    info = blocks.data.info
    there = sum(info.counts["test"][index] for index in blocks.classes)
    if settings.images > there:
        raise RefusedInput(
            f"images (={settings.images}) must be at most {there}, the test images of {info.name}"
            + (" in the classes that the marginals cover" if blocks.subset else "")
        )
    return ChosenImages(
        classes=blocks.classes,
        count=settings.images,
        seed=task_seed(settings.seed, "defence", blocks.classes, 0),
        chunk=settings.projection.chunk,
    )


def _train(
    blocks: Blocks,
    settings: Settings,
    side: str,
    groups: list[list[int]],
    until: tuple[int, ...],
) -> list[Task]:
    """The GANs of a side; those of `marginal_vs_joint` with the same settings are the same."""
    return [
        blocks.train(
            side,
            JOINT if side == JOINT else f"class {blocks.data.label(group)}",
            group,
            0,
            settings.model,
            settings.train,
            end,
        )
        for group, end in zip(groups, until, strict=True)
    ]


def _classifier(blocks: Blocks, settings: Settings, letter: str) -> Task:
    network = f"defense_gan_{letter.lower()}"
    spec = settings.encoder.model_copy(update={"network": network})
    return blocks.encoder(spec, f"classifier {letter}")


def _defending(
    blocks: Blocks, settings: Settings, kinds: list[list[int]], restarts: int
) -> Defending:
    return Defending(
        model=settings.model,
        search=settings.projection.descent,
        restarts=restarts,
        seed=task_seed(blocks.seed, "projection", [], 0),
        kinds=kinds,
    )


def page(results: Results) -> Page:
    """Accuracies and what the projection moves, with pictures; then what this rests on."""
    parts = [
        *defence_sections(results),
        sections.losses_section(results),
        sections.compute_section(results),
        sections.protocol_section(results),
    ]
    return Page.of(
        "Does a projection onto GANs’ images defend a classifier?",
        str(results.plan.dataset["name"]),
        defence_lead(results),
        parts,
    )
