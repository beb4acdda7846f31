"""Does a GAN of two Gaussians find two Gaussians? The game in which every gradient is known.

Madry's lecture (section 2; Li et al., arXiv 1706.09884): against the best discriminator the
generator always arrives, but from equal means; against one that follows its own gradient it seldom
does, as intervals collapse. No data set and no network.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from ganray.cost.spending import Cost
from ganray.laboratory.spec import Dynamics, Example, Starts
from ganray.plan import Plan, PlanBuilder, Resources
from ganray.plan.laboratory import GaussianPathParameters, GaussiansParameters
from ganray.report import Page, Results
from ganray.report.page import Block, Column, Figure, Gallery, Paragraph, Section, Table
from ganray.spec import RUN_NAME, Spec
from ganray.specs import chunks_for
from ganray.stages.laboratory.gaussians import CHUNK
from ganray.text.wording import number

_MOST = 10**7  # trajectories


def _usual() -> list[Dynamics]:
    return [
        Dynamics(rule="optimal", iterations=300),
        Dynamics(),
        Dynamics(rule="alternating"),
        Dynamics(rule="alternating", steps=5),
        Dynamics(rule="unrolled", steps=5),
    ]


def _examples() -> list[Example]:
    apart = {"target": (-2.0, 2.0), "iterations": 1000}
    ends = (-1.0, 0.2, 1.0, 2.5)
    return [
        Example(
            name=name,
            dynamics=Dynamics(**apart, rule=rule),
            means=(-1.0, 2.5),
            intervals=ends,
            generator=generator,
        )
        for name, rule, generator in (
            ("collapse", "simultaneous", "fixed"),
            ("first order", "simultaneous", "moves"),
            ("optimal", "optimal", "moves"),
        )
    ]


class Settings(Spec):
    """A study file of this study."""

    study: Literal["two_gaussians"] = Field(
        "two_gaussians", description="which study the file is of"
    )
    name: str = Field("two-gaussians", pattern=RUN_NAME, description="its runs bear it")
    seed: int = Field(0, ge=0, description="everything random follows from it")
    dynamics: list[Dynamics] = Field(
        default_factory=_usual, min_length=1, description="the ways of moving that are compared"
    )
    starts: Starts = Field(Starts(), description="where trajectories begin")
    examples: list[Example] = Field(
        default_factory=_examples, description="trajectories that are shown whole"
    )
    resources: Resources = Resources()
    cost: Cost = Cost()

    @field_validator("dynamics")
    @classmethod
    def _differ(cls, dynamics: list[Dynamics]) -> list[Dynamics]:
        for place, one in enumerate(dynamics):
            if one in dynamics[:place]:
                raise ValueError(f"holds {one.title} twice, with equal settings")
        return dynamics

    @field_validator("starts")
    @classmethod
    def _not_too_many(cls, starts: Starts) -> Starts:
        if starts.count > _MOST:
            raise ValueError(f"comes to {starts.count:,} trajectories; at most {_MOST:,}")
        return starts

    @field_validator("examples")
    @classmethod
    def _names_differ(cls, examples: list[Example]) -> list[Example]:
        names = [one.name for one in examples]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise ValueError(f"two are called {name!r}; each needs a name of its own")
        return examples


def plan(settings: Settings) -> Plan:
    """A task for all trajectories of each way of moving, and one for each that is shown."""
    builder, count = PlanBuilder(), settings.starts.count
    for place, dynamics in enumerate(settings.dynamics):
        builder.add(
            f"gaussians/{place}",
            "gaussians",
            dynamics.title,
            GaussiansParameters(dynamics=dynamics, starts=settings.starts, seed=settings.seed),
            {},
            chunks=chunks_for(count, CHUNK),
        )
    for example in settings.examples:
        told = GaussianPathParameters(example=example)
        builder.add(f"path/{example.name}", "gaussian_path", f"path {example.name}", told, {})
    return builder.plan(settings.name, settings.study, settings.model_dump(mode="json"), named=True)


def page(results: Results) -> Page:
    """How often each way succeeds, from where, and what happened on the way."""
    settings = Settings(**results.plan.settings)
    found = [
        (dynamics, results.result(f"gaussians/{place}"))
        for place, dynamics in enumerate(settings.dynamics)
    ]
    done = [(dynamics, result) for dynamics, result in found if result]
    parts = [_rates(settings, done), _maps(settings, done), _paths(results, settings)]
    return Page.of(
        "Does a GAN of two Gaussians find two Gaussians?",
        "two-Gaussian laboratory",
        _lead(done),
        parts,
    )


Found = list[tuple[Dynamics, dict]]


def _lead(found: Found) -> str:
    if not found:
        return "Nothing has been played yet."
    best, worst = (pick(found, key=lambda one: one[1]["success"]) for pick in (max, min))
    said = f"It does most often by {best[0].title}: {_percent(best[1]['success'])} of trajectories"
    if len(found) == 1:
        return f"{said}."
    return f"{said}, and least by {worst[0].title}: {_percent(worst[1]['success'])}."


def _rates(settings: Settings, found: Found) -> Section:
    titles = ("success", "off the diagonal", "from equal means", "collapsed", "iterations", "rate")
    columns = [Column("dynamics"), *(Column(title, numeric=True) for title in titles)]
    rows: list = [
        [
            dynamics.title,
            _percent(result["success"]),
            _percent(result["success_off_diagonal"]),
            _percent(result["success_diagonal"]),
            _percent(result["collapsed"]),
            f"{dynamics.iterations:,}",
            number(dynamics.rate),
        ]
        for dynamics, result in found
    ]
    given = settings.starts
    text = (
        f"{given.count:,} trajectories of each: means on a {given.grid}×{given.grid} grid of "
        f"[{given.means[0]:g}, {given.means[1]:g}]², {given.draws} draws of both intervals, whose "
        f"ends are uniform in [{given.intervals[0]:g}, {given.intervals[1]:g}]. Success: both "
        "means, matched up to their order, are near the data's at the last iteration. Collapsed: "
        "an interval of the discriminator has no width left."
    )
    blocks: list[Block] = [Table("Success by dynamics", columns, rows), Paragraph(text, note=True)]
    return Section("Success", "success", blocks)


def _maps(settings: Settings, found: Found) -> Section | None:
    from ganray.report.drawing.laboratory import heat_map

    if not found:
        return None
    figures = [
        Figure(
            [heat_map(result["cells"], settings.starts.means, f"success of {dynamics.title}")],
            dynamics.title,
            [f"{_percent(result['success'])} of all"],
        )
        for dynamics, result in found
    ]
    text = "The share of trajectories that succeed, by the two means that they begin with."
    return Section("Where from", "maps", [Paragraph(text), Gallery(figures, "panels")])


def _paths(results: Results, settings: Settings) -> Section | None:
    from ganray.report.drawing.laboratory import path_curves

    figures = []
    for example in settings.examples:
        arrays = results.arrays(f"path/{example.name}", "path.safetensors")
        if arrays is None:
            continue
        ended = results.result(f"path/{example.name}")
        means = " and ".join(number(mean) for mean in ended["means"])
        moved = "" if example.generator == "moves" else ", generator fixed"
        figures.append(
            Figure(
                [path_curves(arrays, example.dynamics.target, f"trajectory {example.name}")],
                example.name,
                [f"{example.dynamics.title}{moved}; means end at {means}"],
            )
        )
    if not figures:
        return None
    text = (
        "Above: the generator's means (thick), the data's (dotted), and where the discriminator "
        "says real (shaded). Below: L (line) and the highest that it could be (dashed)."
    )
    return Section("On the way", "paths", [Paragraph(text), Gallery(figures, "panels")])


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}%"
