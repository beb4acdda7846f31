"""Which trainings take as many operations and as much memory, so that they are counted once."""

from __future__ import annotations

from typing import Any

from ganray.models import ModelSpec
from ganray.train.cohorts.fitting import counts_kinds
from ganray.train.spec import TrainSpec
from ganray.train.steps import vanishes


def plain(model: ModelSpec, train: TrainSpec, classes: int) -> tuple[TrainSpec, int]:
    """A training of such networks that takes what this one takes, the same for all of its kind, and
    of how many classes.

    How far weights are moved and by what losses are weighed is no work, but where that is nothing,
    and a part of them falls away; how many classes there are is where nobody is told them.
    """
    fields, changes = type(train).model_fields, dict[str, Any](threads=1)
    for name in (*train.moving, *train.factors):
        usual = fields[name].get_default(call_default_factory=True)
        if not fields[name].is_required() and _falls_away(usual) == _falls_away(
            getattr(train, name)
        ):
            changes[name] = usual
    return train.model_copy(update=changes), classes if counts_kinds(model, train) else 1


def _falls_away(value: object) -> bool:
    return value is None or vanishes(value)
