"""Which GANs can be trained together as a cohort."""

from __future__ import annotations

from ganray.models.spec import ModelSpec
from ganray.train.algorithms import wants_labels
from ganray.train.spec import TrainSpec
from ganray.train.steps import Adam, RmsProp

_LONG = 10**9  # iterations, in which whatever grows has grown


def objection(model: ModelSpec, train: TrainSpec) -> str:
    """Why GANs of these networks and this training cannot share a cohort; empty: they can.

    Free of torch: whoever forms cohorts asks it of plans.
    """
    steps = train.steps()
    if len(model.alike(_LONG)) > 1:
        return f"model.name (={model.name!r}): its networks change on the way"
    if train.drifts:
        return "train.schedule: settings change on the way"
    if any(step.replay is not None for step in steps):
        return f"train.algorithm (={train.algorithm!r}) is shown images of earlier iterations"
    if train.translates or type(train).shown is not TrainSpec.shown:
        return f"train.algorithm (={train.algorithm!r}) is shown images beside a batch"
    for step in steps:
        if not isinstance(step.optimiser, Adam | RmsProp):
            return (
                f"train.algorithm (={train.algorithm!r}): {step.name} has an optimiser of its own"
            )
    return ""


def counts_kinds(model: ModelSpec, train: TrainSpec) -> bool:
    """Whether the networks, or what they are told, depend on how many classes there are."""
    told = model.knows_kinds or wants_labels(model, train)
    return told or train.heads(model, 1) != train.heads(model, 2)
