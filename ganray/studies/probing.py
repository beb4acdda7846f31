"""What else do trained GANs know? How likely test images are, and what lies between two vectors.

The GANs of a comparison, one for each class and one for all, are asked two things that samples do
not tell: how likely test images are under each side with normal noise of some σ on its pixels, by
annealed importance sampling between bounds, and how smoothly images change from one latent vector
to the next. The first is known to mislead, which the report shows: σ decides who is better, and
Parzen windows, in use for the same number, say something else again.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ganray.errors import RefusedInput, quoted
from ganray.models import ModelSpec
from ganray.models.laws import Normal, Sphere, Uniform, free_part
from ganray.plan import Plan, Task, task_seed
from ganray.plan.parameters import TrainParameters
from ganray.plan.probing import InterpolationParameters, LikelihoodParameters
from ganray.plan.roles import chosen
from ganray.report import Page, Results, sections
from ganray.report.comparing.coverage import title
from ganray.specs import EmbedSpec, InterpolationSpec, LikelihoodSpec, chunks_for
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.budgets import Probe, planned_horizons, used_speed
from ganray.studies.parts.counts import mixture_counts
from ganray.studies.parts.data import Data
from ganray.studies.parts.scoring.evaluate import Evaluate
from ganray.studies.parts.scoring.ruler import Ruler
from ganray.studies.parts.searching import plan_search
from ganray.studies.parts.settings import ComparisonSettings, Distinct, GanName, RangeSearch
from ganray.studies.parts.sides import (
    SIDES,
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
from ganray.text.names import label

Sigma = Annotated[float, Field(ge=1e-4, le=10)]


class Likelihood(LikelihoodSpec):
    """How likely test images are under each GAN, with noise of each σ."""

    sigmas: Distinct[Sigma] = Field(
        [0.05, 0.1, 0.2, 0.4],
        min_length=1,
        description="deviations of the noise on pixels in [0, 1]; a further one adds tasks alone",
    )
    images: int = Field(20, ge=2, description="test images, and as many simulated ones of each GAN")

    @property
    def annealing(self) -> LikelihoodSpec:
        """The part that shapes each image's numbers."""
        return LikelihoodSpec(**{name: getattr(self, name) for name in LikelihoodSpec.model_fields})


class Interpolation(InterpolationSpec):
    """Ways between latent vectors of each GAN."""

    pairs: int = Field(40, ge=1, le=10**6, description="ways of each GAN, of each kind of path")
    on: Distinct[GanName] | None = Field(
        None, description="'joint', names of classes, and groups such as '1+2'; none: all GANs"
    )
    encoder: str | None = Field(
        None, description="of evaluate.encoders, on which ways are measured; none: the first"
    )

    @property
    def ways(self) -> InterpolationSpec:
        """The part that shapes each way."""
        names = InterpolationSpec.model_fields
        return InterpolationSpec(**{name: getattr(self, name) for name in names})


class Settings(ComparisonSettings):
    """A study file of this study."""

    study: Literal["probing"] = Field("probing", description="which study the file is of")
    evaluate: Evaluate = Field(
        default_factory=lambda: Evaluate.model_validate(
            {
                "metrics": ["cafd", "frechet_distance", "parzen"],
                "encoders": ["classifier", "every_pixel"],
            }
        )
    )
    search: RangeSearch = RangeSearch(on=[])
    likelihood: Likelihood = Likelihood()
    interpolation: Interpolation = Interpolation()


def plan(
    settings: Settings, data: Data, other: Data | None = None, probe: Probe | None = None
) -> Plan:
    """The tasks of the study: those of `marginal_vs_joint`, and what its GANs are asked.

    Raises:
        RefusedInput: settings and data do not fit.
    """
    groups = marginal_groups(settings, data)
    blocks = comparison_blocks(settings, data, groups)
    until = planned_horizons(
        settings, data.info.shape, len(groups), probe, classes=len(blocks.classes)
    )
    joint = train_joint(blocks, settings, until)
    add_embedders(blocks, settings)
    marginal = train_marginals(blocks, settings, groups, until)
    sides = [joint, marginal]
    measured_on = rulers(blocks, settings)
    _add_likelihoods(blocks, settings, sides)
    _add_interpolations(blocks, settings.interpolation, sides, measured_on)
    plan_search(blocks, settings, joint, marginal, other)
    scores = measure(blocks, sides, measured_on, settings.evaluate, settings.sample)
    write_cards(blocks, sides, scores, settings.sample)
    return blocks.plan(settings.study, settings, SIDES, used_speed(settings.budget, probe))


def _add_likelihoods(blocks: Blocks, settings: Settings, sides: list[Side]) -> None:
    """Of every GAN of the first replicates, with every σ, on the same test images.

    Raises:
        RefusedInput: there are not so many test images, or latent vectors of an unknown law.
    """
    told = settings.likelihood
    there = sum(blocks.data.info.counts["test"][index] for index in blocks.classes)
    if told.images > there:
        raise RefusedInput(
            f"likelihood.images (={told.images}) must be at most {there}, the test images"
        )
    order = task_seed(blocks.seed, "likelihood", blocks.classes, 0)
    for side in sides:
        windows = _windows(blocks, settings, side)
        for gan, count in zip(side.gans[0], windows, strict=True):
            _check_law(TrainParameters.of(gan).model)
            spec = told.annealing.model_copy(update={"windows": max(1, count)})
            for sigma in told.sigmas:
                _add_likelihood(blocks, gan, sigma, spec, told.images, order)


def _windows(blocks: Blocks, settings: Settings, side: Side) -> list[int]:
    """How many of a side's windows stand around each GAN's samples.

    Sides have equally many: more windows alone would make test images likelier.
    """
    windows, gans = settings.likelihood.windows, len(side.gans[0])
    if side.mixing is not None:  # how large clusters are is not known yet
        return [windows // gans] * gans
    return mixture_counts(side.groups, blocks.data.info, settings.evaluate.mixture, windows)


def _add_likelihood(
    blocks: Blocks, gan: Task, sigma: float, spec: LikelihoodSpec, images: int, order: int
) -> None:
    trained = TrainParameters.of(gan)
    blocks.builder.add(
        f"{blocks.made_of(gan, 'likelihood')}/{sigma!r}",
        "likelihood",
        f"likelihood {gan.title} σ {sigma:g}",
        LikelihoodParameters(
            model=trained.model,
            likelihood=spec,
            sigma=sigma,
            classes=blocks.classes,
            order=order,
            seed=task_seed(trained.seed, "likelihood", [], 0),
        ),
        {"gan": gan, "data": blocks.source},
        horizon=images,
        chunks=chunks_for(images, spec.chunk),
    )


def _check_law(model: ModelSpec) -> None:
    """Refuse latent vectors that no chain among normal numbers can be turned into."""
    if not isinstance(free_part(model.latents), Normal | Uniform | Sphere):
        raise RefusedInput(
            f"model.name (={model.name!r}) has latent vectors of a law of their own; likelihood "
            "anneals normal, uniform and spherical ones"
        )


def _add_interpolations(
    blocks: Blocks, told: Interpolation, sides: list[Side], measured_on: list[Ruler]
) -> None:
    """Of those GANs of the first replicates that are named.

    Raises:
        RefusedInput: there is no such GAN, or no such encoder.
    """
    ruler = _ruler(told, measured_on)
    encoder = ruler.encoder
    more = {} if encoder.layer == "features" else {"layer": encoder.layer}
    for gan in _asked(blocks, told, sides):
        trained = TrainParameters.of(gan)
        blocks.builder.add(
            blocks.made_of(gan, f"interpolation/{encoder.name}"),
            "interpolation",
            f"interpolation {gan.title} on {encoder.name}",
            InterpolationParameters(
                model=trained.model,
                interpolation=told.ways,
                embed=EmbedSpec(chunk=encoder.chunk),
                classes=trained.classes,
                seed=task_seed(trained.seed, "interpolation", [], 0),
                **more,
            ),
            {"gan": gan, "embedder": ruler.embedder, "data": blocks.source},
            horizon=told.pairs,
            chunks=chunks_for(told.pairs, told.chunk),
        )


def _ruler(told: Interpolation, measured_on: list[Ruler]) -> Ruler:
    names = [ruler.encoder.name for ruler in measured_on]
    name = told.encoder or names[0]
    if name not in names:
        raise RefusedInput(
            f"interpolation.encoder (={quoted(name)}) must be one of evaluate.encoders: "
            + ", ".join(names)
        )
    return measured_on[names.index(name)]


def _asked(blocks: Blocks, told: Interpolation, sides: list[Side]) -> list[Task]:
    joint, marginal = (side.gans[0] for side in sides)
    if told.on is None:
        return [*joint, *marginal]
    groups = [blocks.called(gan) for gan in marginal]
    known = ["joint", *map(label, groups)]
    found = []
    for name in told.on:
        said = f"interpolation.on (={quoted(name)})"
        found.append(joint[0] if name == "joint" else marginal[chosen(name, groups, said, known)])
    return found


def page(results: Results) -> Page:
    """The study's report: the usual verdict, then what the GANs were asked."""
    parts = [
        sections.verdict_section(results, SIDES),
        sections.likelihood_section(results, SIDES),
        sections.interpolation_section(results, SIDES),
        *evidence(results),
    ]
    said = sections.likelihood_lead(results, SIDES)
    return Page.of(
        title(results),
        str(results.plan.dataset["name"]),
        " ".join(one for one in (sections.verdict_lead(results, SIDES), said) if one),
        parts,
    )
