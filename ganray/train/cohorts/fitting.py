"""Which GANs can be trained together as a cohort."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ganray.models.spec import ModelSpec
from ganray.train.algorithms import wants_labels
from ganray.train.spec import TrainSpec
from ganray.train.steps import Adam, RmsProp, vanishes

_LONG = 10**9  # iterations, in which whatever grows has grown


def objection(model: ModelSpec, train: TrainSpec) -> str:
    """Why GANs of these networks and this training cannot share a cohort; empty: they can.

    Free of torch: whoever forms cohorts asks it of plans.
    """
    steps = train.steps()
    if len(model.alike(_LONG)) > 1:
        return f"model.name (={model.name!r}): its networks change on the way"
    known = {*train.moving, *train.factors, *train.counts}
    if found := sorted({n for change in train.schedule for n in change.settings} - known):
        return f"train.schedule: {found[0]} changes on the way"
    if found := sorted({name for one in _phases(train) for name in _absent(train) ^ _absent(one)}):
        return f"train.schedule: {found[0]} comes or goes on the way"
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


def common(train: TrainSpec) -> str:
    """What GANs that are trained together have in common of how they are trained, as a word.

    All but what each is moved by and the factors of its losses; which of these there are is common,
    and when which steps come to be done more or less often.
    """
    own, absent = {*train.moving, *train.factors}, _absent(train)
    told = {n: value for n, value in train.model_dump(mode="json").items() if n not in own}
    paces = [train.scheduled(first).model_dump(include={*train.counts}) for first in train.paces]
    return json.dumps([told, sorted(absent), train.paces, paces], sort_keys=True)


def carried(trains: Iterable[TrainSpec]) -> list[str]:
    """The factors of losses that differ among GANs, or change on the way."""
    found: dict[str, set[Any]] = {}
    for train in trains:
        for one in (train, *_phases(train)):
            for name in train.factors:
                found.setdefault(name, set()).add(getattr(one, name))
    return [name for name, values in found.items() if len(values) > 1 and name != "ema"]


def _phases(train: TrainSpec) -> list[TrainSpec]:
    """The settings after each change of its schedule."""
    return [train.scheduled(change.iteration) for change in train.schedule]


def _absent(train: TrainSpec) -> set[str]:
    """The factors that are 0 or none."""
    values = {name: getattr(train, name) for name in train.factors}
    return {name for name, value in values.items() if value is None or vanishes(value)}


def counts_kinds(model: ModelSpec, train: TrainSpec) -> bool:
    """Whether the networks, or what they are told, depend on how many classes there are."""
    told = model.knows_kinds or wants_labels(model, train)
    return told or train.heads(model, 1) != train.heads(model, 2)
