"""Further sides of a comparison: one GAN of all classes each, of another kind."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from ganray.errors import RefusedInput
from ganray.models import Model
from ganray.spec import Spec
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.budgets import Probe, horizons, iteration_cost, planned_horizons
from ganray.studies.parts.data import Data
from ganray.studies.parts.searching import plan_search
from ganray.studies.parts.settings import ComparisonSettings, SidesSettings
from ganray.studies.parts.sides import Side, add_embedders, train_joint, train_marginals
from ganray.train.algorithms import Training


class Rival(Spec):
    """A further side: one GAN of all classes."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$", description="what the side is called")
    model: Model | None = Field(None, description="its networks; none: the study's")
    train: Training | None = Field(None, description="how it is trained; none: as the study's")


def refuse_seconds(settings: SidesSettings) -> None:
    """Refuse a budget in device-seconds, which is measured for one kind of GAN alone.

    Raises:
        RefusedInput: it is.
    """
    if settings.budget.unit == "device_seconds":
        raise RefusedInput(
            "budget.device_seconds is converted at the speed of one kind of GAN, and rivals are of "
            "others; name budget.flops for equal compute, or iterations or images"
        )


def train_sides(
    blocks: Blocks,
    settings: ComparisonSettings,
    groups: list[list[int]],
    rivals: Sequence[Rival],
    other: Data | None,
    probe: Probe | None,
) -> list[Side]:
    """All sides in the order in which they should start, the joint GANs first; and the searches.

    Args:
        groups: of the marginal GANs.
        other, probe: as of a study's `plan`.

    Raises:
        RefusedInput: as `Blocks.train`, `plan_search`; naming the rival that does not fit.
    """
    until = planned_horizons(
        settings, blocks.data.info.shape, len(groups), probe, classes=len(blocks.classes)
    )
    joint = train_joint(blocks, settings, until)
    further = [_train(blocks, settings, rival) for rival in rivals]
    add_embedders(blocks, settings)
    marginal = train_marginals(blocks, settings, groups, until)
    plan_search(blocks, settings, joint, marginal, other, further)
    return [joint, *further, marginal]


def _train(blocks: Blocks, settings: SidesSettings, rival: Rival) -> Side:
    """The GANs of a further side.

    Raises:
        RefusedInput: as `Blocks.train`, and naming it.
    """
    model, train = rival.model or settings.model, rival.train or settings.train
    try:
        cost = iteration_cost(
            settings.budget, blocks.data.info.shape, model, train, None, len(blocks.classes)
        )
        until = horizons(settings.budget, cost, 1).joint
        gans = [
            blocks.train(rival.name, rival.name, blocks.classes, replicate, model, train, until)
            for replicate in range(settings.replicates)
        ]
    except RefusedInput as error:
        raise RefusedInput(f"rivals ({rival.name}): {error}") from None
    return Side(rival.name, [blocks.classes], [[gan] for gan in gans])
