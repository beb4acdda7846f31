"""How fast a GAN trains here, and how fast a store says that it does.

A probe differs from run to run. A budget in device-seconds that was converted by another speed
each time would be another plan each time, so the first speed that is measured for a network is
written into the store, create-only, and every later plan reads it back.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import Field, ValidationError

from ganray.errors import DamagedRecord
from ganray.models import ModelSpec
from ganray.models.spec import Shape
from ganray.plan import Resources
from ganray.spec import Spec, content_hash
from ganray.store import Store
from ganray.train.spec import TrainSpec


class Speed(Spec):
    """A measured speed: seconds of one whole training iteration, and what it was measured on."""

    seconds_per_iteration: float = Field(gt=0)
    device: str
    rounds: int = Field(ge=1)
    record: dict[str, Any] = Field(default_factory=dict)


def training_device(resources: Resources) -> str:
    """The device that a study's trainers are given: "cuda" if it asks for GPUs, else "cpu".

    It follows from the study alone, whichever machine plans it.
    """
    wants_gpu = resources.device == "auto" and resources.num_gpus > 0
    return "cuda" if wants_gpu or resources.device == "cuda" else "cpu"


def recorded_speed(
    store: Store | None,
    shape: Shape,
    model: ModelSpec,
    train: TrainSpec,
    device: str,
    keep: bool = True,
    classes: int = 1,
) -> Speed:
    """The speed that `store` holds for these networks on such a device; measured if it has none.

    Args:
        store: None measures and writes nothing down.
        keep: whether to write down what had to be measured.
        classes: of a GAN that is told labels.

    Raises:
        RefusedInput: it must be measured, and `device` is not here.
        StoreError: the store cannot be read or written, or what it holds is damaged.
    """
    path = speed_path(shape, model, train, device, classes)
    known = store.get(path) if store else None
    if known is None:
        from ganray.cost.timing import measured  # torch, which a recorded speed does not need

        known = measured(shape, model, train, device, classes).model_dump_json(indent=1).encode()
        if store and keep and not store.create(path, known):
            known = store.get(path) or b""  # another driver was first
    try:
        return Speed.model_validate(json.loads(known))
    except (ValueError, ValidationError) as error:
        where = f"{store.url}/{path}" if store else path
        raise DamagedRecord(f"{where} is damaged: {' '.join(str(error).split())}") from None


def speed_path(
    shape: Shape, model: ModelSpec, train: TrainSpec, device: str, classes: int = 1
) -> str:
    """Where a store keeps the speed of these networks on such a device."""
    told = [classes] if classes > 1 else []
    identity = [list(shape), model.identity(), train.identity(), device, *told]
    return f"speeds/{content_hash(identity)}.json"
