"""Which GANs of a plan can be trained together, as a runner asks before it forms cohorts."""

from __future__ import annotations

import json
import sys
from functools import lru_cache
from typing import Any, Literal

from pydantic import TypeAdapter

from ganray.models import Model
from ganray.plan import Task
from ganray.train.algorithms import Training
from ganray.train.cohorts.fitting import common, counts_kinds, objection

_OWN = frozenset({"classes", "seed", "cluster", "component"})
"""What members may differ in."""
_INPUTS = frozenset({"data", "split"})
"""What may be given to them: neither weights of images nor networks of others."""


def at_most(cohort: Literal["auto", "off"] | int, device: str) -> int:
    """How many GANs may be trained together on a device by `resources.cohort`; 0: each goes by
    itself."""
    if cohort == "auto":
        return sys.maxsize if device == "cuda" else 0
    return 0 if cohort == "off" else cohort


def shape_of(task: Task) -> str:
    """What GANs have in common that can be trained together, as a word; empty: it goes alone."""
    if task.kind != "train" or task.ranks > 1 or not task.inputs.keys() <= _INPUTS:
        return ""
    told = {name: value for name, value in task.parameters.items() if name not in _OWN}
    shared, counted = _judged(json.dumps([told["model"], told.pop("train")], sort_keys=True))
    if not shared:
        return ""
    kinds = len(task.parameters["classes"]) if counted else 0
    return json.dumps([told, shared, task.inputs["data"], task.horizon, kinds], sort_keys=True)


def work_of(task: Task) -> list[Any]:
    """What decides how long an iteration of a cohort takes that such a GAN is of, beside images."""
    told = task.parameters["model"], task.parameters["train"]
    _, counted = _judged(json.dumps(told, sort_keys=True))
    return [*told, len(task.parameters["classes"]) if counted else 0]


def kind_of(task: Task) -> list[Any]:
    """What members of a cohort that such a GAN is of have in common, whatever their own settings
    are: what memory they take follows from it, beside images."""
    told = task.parameters["model"], task.parameters["train"]
    shared, counted = _judged(json.dumps(told, sort_keys=True))
    return [told[0], shared, len(task.parameters["classes"]) if counted else 0]


@lru_cache(maxsize=4096)
def _judged(gan: str) -> tuple[str, bool]:
    """What is common to how they are trained with whom such GANs can share a cohort, empty where
    they can with nobody; and whether only those of as many classes can."""
    told_model, told_train = json.loads(gan)
    model = TypeAdapter(Model).validate_python(told_model)
    train = TypeAdapter(Training).validate_python(told_train)
    shared = "" if objection(model, train) else common(train)
    return shared, counts_kinds(model, train)
