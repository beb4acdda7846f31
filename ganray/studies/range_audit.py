"""What odd images can a GAN be made to generate, and what helps against it? A range-space audit.

The GANs of some classes are searched for test images of their own classes and of others, images
with noise, noise, another data set and drawings; then again under each variant of networks,
training or search, such as Pelrine ("Marginal GAN and GAN Range Space") proposes them.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from ganray.cost.spending import Cost
from ganray.errors import RefusedInput
from ganray.metrics.range_space.reach import fewest
from ganray.models import DefenseGan, Model
from ganray.plan import Plan, Task, task_seed
from ganray.plan.classes import named_classes
from ganray.plan.parameters import SearchParameters, TargetsParameters, TrainParameters
from ganray.report import Page, Results, sections
from ganray.report.reading.audited import search_role
from ganray.report.sections.searching.audit import audit_lead, audit_sections
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.budgets import Probe, horizons, iteration_cost
from ganray.studies.parts.data import Data, refuse_unlabelled
from ganray.studies.parts.probes import AuditSearch, add_targets
from ganray.studies.parts.settings import MOST_SEEDS, Budget, Distinct, GanName, OfData
from ganray.studies.parts.variants import Arrangement, Variant, arranged, usual_variants
from ganray.text.names import label
from ganray.train.algorithms import Training, WganGp


class Settings(OfData):
    """A study file of this study."""

    study: Literal["range_audit"] = Field("range_audit", description="which study the file is of")
    model: Model = Field(DefenseGan(), description="the networks of each GAN")
    train: Training = Field(WganGp(), description="how each GAN is trained")
    on: Distinct[GanName] = Field(
        [], description="'joint', names of classes, and groups such as '1+2'; none: the first class"
    )
    replicates: int = Field(1, ge=1, le=MOST_SEEDS, description="GANs trained anew")
    budget: Budget = Field(Budget(), description="of each GAN")
    search: AuditSearch = AuditSearch()
    variants: list[Variant] = Field(
        [], description="the first is what others are read beside; none: those of the document"
    )
    reached: float = Field(
        0.95, gt=0, lt=1, description="share of images to be reached that count as reached"
    )
    cost: Cost = Cost()

    @field_validator("variants")
    @classmethod
    def _names_differ(cls, variants: list[Variant]) -> list[Variant]:
        names = [variant.name for variant in variants]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise ValueError(f"two variants are called {name!r}; each needs a name of its own")
        return variants


def plan(settings: Settings, data: Data, other: Data | None = None, _: Probe | None = None) -> Plan:
    """The tasks of the study.

    Args:
        other: the data set of `search.other`.

    Raises:
        RefusedInput: settings and data do not fit.
    """
    _refuse(settings)
    refuse_unlabelled(data, settings.study)
    found = [
        arranged(variant, settings.model, settings.train, settings.search)
        for variant in settings.variants or usual_variants(settings.model, settings.search)
    ]
    names = data.info.class_names
    groups = [named_classes(name, names, "on") for name in settings.on] or [[0]]
    blocks = Blocks(data, settings.seed)
    blocks.import_data(settings.data)
    encoder = blocks.encoder(settings.encoder)
    audit = _Audit(blocks, settings, encoder)
    for group in groups:
        targets = add_targets(blocks, settings.search, group, other)
        for one in found:
            for replicate in range(settings.replicates):
                audit.search(one, group, replicate, targets)
    for gan in audit.gans.values():
        blocks.card(gan, ())
    # A run of the same artifacts under another threshold is another run, with a report of its own.
    blocks.builder.roles[f"reached/{settings.reached:g}"] = encoder.address
    return blocks.plan(settings.study, settings, [*audit.trained], named=True)


def _refuse(settings: Settings) -> None:
    least = fewest(settings.reached)
    if settings.search.own_samples < least:
        raise RefusedInput(
            f"search.{settings.search.told('own_samples')} must be at least {least}, that "
            f"{settings.told('reached')} of further ones can be reached"
        )
    if settings.budget.unit == "device_seconds":
        raise RefusedInput(
            "budget.device_seconds is converted at the speed of one kind of GAN, and variants may "
            "be of others; name budget.iterations, images or flops"
        )


class _Audit:
    """Adds GANs and searches; variants that differ in their search alone share their GANs."""

    def __init__(self, blocks: Blocks, settings: Settings, encoder: Task) -> None:
        self.blocks, self.settings, self.encoder = blocks, settings, encoder
        self.gans: dict[tuple[Any, ...], Task] = {}
        self.trained: dict[str, None] = {}
        """The variants that have GANs of their own."""

    def search(self, one: Arrangement, group: list[int], replicate: int, targets: Task) -> None:
        """Search the range of a variant's GAN. Errors name the variant."""
        try:
            gan = self._gan(one, group, replicate)
            self._search(one, gan, group, replicate, targets)
        except RefusedInput as error:
            raise RefusedInput(f"variants ({one.name}): {error}") from None

    def _gan(self, one: Arrangement, group: list[int], replicate: int) -> Task:
        key = one.model, one.train, tuple(group), replicate
        if key not in self.gans:
            cost = iteration_cost(
                self.settings.budget,
                self.blocks.data.info.shape,
                one.model,
                one.train,
                None,
                len(group),
            )
            self.trained[one.name] = None
            self.gans[key] = self.blocks.train(
                one.name,
                f"{one.name} {self.blocks.data.label(group)}",
                group,
                replicate,
                one.model,
                one.train,
                horizons(self.settings.budget, cost, 1).joint,
            )
        return self.gans[key]

    def _search(
        self, one: Arrangement, gan: Task, group: list[int], replicate: int, targets: Task
    ) -> None:
        one.refuse_unfit()
        told, own = TargetsParameters.of(targets), self.settings.search.own_samples
        spec, seed = one.search.descent, TrainParameters.of(gan).seed
        chunks = spec.chunks(len(told.targets) + own, one.search.restarts)
        self.blocks.builder.add(
            search_role(one.name, label(self.blocks.data.names(group)), replicate),
            "search",
            f"search {one.name} of {gan.title}",
            SearchParameters(
                model=one.model,
                search=spec,
                own_samples=own,
                seed=task_seed(seed, "search", [], 0),
            ),
            {"gan": gan, "targets": targets, "embedder": self.encoder},
            horizon=one.search.restarts,
            chunks=chunks,
        )


def page(results: Results) -> Page:
    """What each variant reaches, by curves and tables, and the oddest of it as pictures."""
    parts = [
        *audit_sections(results),
        sections.losses_section(results),
        sections.compute_section(results),
        sections.protocol_section(results),
    ]
    return Page(
        title="What odd images can these GANs be made to generate?",
        subject=str(results.plan.dataset["name"]),
        lead=audit_lead(results),
        sections=parts,
    )
