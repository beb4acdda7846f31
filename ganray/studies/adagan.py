"""One GAN, or several that AdaGAN trains one after another, each on what those before it lack?

Tolstikhin et al., "AdaGAN: Boosting generative models", arXiv 1701.02386, algorithm 1: the first
component is trained on all images alike. Before each further one, a classifier tells the training
images from the mixture's, images are weighted by how much the mixture lacks them
(`train.inputs.reweighting`), and the component is trained on images that are drawn by these
weights; the mixture takes it in with a share β. How many components there are is known from the
beginning, so that each is a task of the plan whose input is the weights, whose input are the GANs
before it.

β = 1/t is the paper's own choice as we remember it, unchecked; how its classifier is trained, and
when it stops, is this study's `discriminator`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from ganray.errors import RefusedInput
from ganray.models.encoders.classifier import pools
from ganray.plan import Plan, Task, task_seed
from ganray.plan.parameters import ReweightParameters
from ganray.report import Page, Results, sections
from ganray.studies.parts.blocks import Blocks, Portion
from ganray.studies.parts.budgets import Horizons, Probe, planned_horizons, used_speed
from ganray.studies.parts.data import Data
from ganray.studies.parts.scoring.evaluate import MOST_IMAGES
from ganray.studies.parts.scoring.measuring import Mixing, mix_samples
from ganray.studies.parts.searching import plan_search
from ganray.studies.parts.settings import SidesSettings
from ganray.studies.parts.sides import (
    JOINT,
    Side,
    add_embedders,
    comparison_blocks,
    evidence,
    measure,
    rulers,
    train_joint,
    write_cards,
)
from ganray.train.encoder_spec import EncoderSpec
from ganray.train.inputs.reweighting import beta_of, mixture_shares

ADAGAN = "adagan"
SIDES = (ADAGAN, JOINT)


class Settings(SidesSettings):
    """A study file of this study."""

    study: Literal["adagan"] = Field("adagan", description="which study the file is of")
    components: int = Field(4, ge=2, le=100, description="GANs of the mixture, one after another")
    beta: float | None = Field(
        None, gt=0, lt=1, description="share of each that joins the mixture; none: 1/t of number t"
    )
    discriminator: EncoderSpec = Field(
        EncoderSpec(epochs=1), description="how real images are told from the mixture's"
    )
    drawn: int | None = Field(
        None,
        ge=1,
        le=MOST_IMAGES,
        description="images of the mixture for it; none: as many as training images",
    )

    @field_validator("components", mode="before")
    @classmethod
    def _more_than_one(cls, components: Any) -> Any:
        if components in (0, 1):
            raise ValueError(
                "must be 2 or more: AdaGAN adds to a first GAN what that one lacks; one alone is a "
                "plain GAN, which the studies marginal_vs_joint and rivals train"
            )
        return components


def plan(
    settings: Settings, data: Data, other: Data | None = None, probe: Probe | None = None
) -> Plan:
    """The tasks of the study: the joint GANs first, then each component after what it waits for.

    Raises:
        RefusedInput: settings and data do not fit.
    """
    everything = data.everything
    blocks = comparison_blocks(settings, data, [everything])
    until = planned_horizons(
        settings, data.info.shape, settings.components, probe, classes=len(everything)
    )
    _check_discriminator(blocks, settings)
    joint = train_joint(blocks, settings, until)
    add_embedders(blocks, settings)
    mixture = _train_components(blocks, settings, until)
    plan_search(blocks, settings, joint, mixture, other)
    sides = [joint, mixture]
    scores = measure(blocks, sides, rulers(blocks, settings), settings.evaluate, settings.sample)
    write_cards(blocks, sides, scores, settings.sample)
    return blocks.plan(settings.study, settings, SIDES, used_speed(settings.budget, probe))


def _check_discriminator(blocks: Blocks, settings: Settings) -> None:
    images = _training_images(blocks)
    least = images + (settings.drawn or images)
    if settings.discriminator.batch > least:
        raise RefusedInput(
            f"discriminator.batch (={settings.discriminator.batch}) must be at most {least}, the "
            "training images and those drawn of the mixture"
        )


def _training_images(blocks: Blocks) -> int:
    return sum(blocks.data.info.counts["train"])


def _train_components(blocks: Blocks, settings: Settings, until: Horizons) -> Side:
    betas = [beta_of(t, settings.beta) for t in range(1, settings.components + 1)]
    replicates = []
    for replicate in range(settings.replicates):
        gans: list[Task] = []
        for beta, end in zip(betas, until.marginal, strict=True):
            number = len(gans) + 1
            given = {}
            if gans:
                shares = mixture_shares(betas[: len(gans)])
                given = {"weights": _weigh(blocks, settings, replicate, gans, shares, beta)}
            gans.append(
                blocks.train(
                    *(ADAGAN, f"component {number}", blocks.classes, replicate),
                    *(settings.model, settings.train, end),
                    portion=Portion({"component": number}, given),
                )
            )
        replicates.append(gans)
    groups = [blocks.classes] * settings.components
    return Side(ADAGAN, groups, replicates, Mixing(mixture_shares(betas), {}))


def _weigh(
    blocks: Blocks,
    settings: Settings,
    replicate: int,
    gans: list[Task],
    shares: list[float],
    beta: float,
) -> Task:
    """The weights of the training images for the next component."""
    called = f"component {len(gans) + 1}"
    count = settings.drawn or _training_images(blocks)
    drawn = mix_samples(blocks, ADAGAN, replicate, gans, Mixing(shares, {}), count, called)
    return blocks.builder.add(
        f"reweight/{ADAGAN}/{called}/{replicate}",
        "reweight",
        f"weights for {called} r{replicate}",
        ReweightParameters(
            discriminator=settings.discriminator,
            classes=blocks.classes,
            beta=beta,
            seed=task_seed(blocks.seed, f"reweight/{called}", blocks.classes, replicate),
            pooled=pools(settings.discriminator.network, blocks.data.info.shape),
        ),
        {"data": blocks.source, "images": drawn},
    )


def page(results: Results) -> Page:
    """The study's report: who is better by how much, then everything that this rests on."""
    parts = [sections.verdict_section(results, SIDES), *evidence(results)]
    return Page.of(
        "One GAN, or one after another by AdaGAN?",
        str(results.plan.dataset["name"]),
        sections.verdict_lead(results, SIDES),
        parts,
    )
