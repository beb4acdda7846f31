"""How fast a GAN trains here, and how fast a store says that it does.

A probe differs from run to run. A budget in device-seconds that was converted by another speed
each time would be another plan each time, so the first speed that is measured for a network is
written into the store, create-only, and every later plan reads it back.
"""

from __future__ import annotations

import json
import math
import time
from typing import Any

import numpy as np
import torch
from pydantic import Field, ValidationError

from ganray.errors import DamagedRecord, RefusedInput
from ganray.models.spec import ModelSpec
from ganray.pipeline.workspace import provenance, threads
from ganray.plan import Resources
from ganray.spec import Spec, content_hash
from ganray.store import Store
from ganray.train.device import choose_device
from ganray.train.gan import GanTrainer
from ganray.train.spec import TrainSpec

Shape = tuple[int, int, int]

_ROUNDS = 5


class Speed(Spec):
    """A measured speed: seconds of one whole training iteration, and what it was measured on."""

    seconds_per_iteration: float = Field(gt=0)
    device: str
    rounds: int = Field(ge=1)
    record: dict[str, Any] = Field(default_factory=dict)


def seconds_per_iteration(
    shape: Shape, model: ModelSpec, train: TrainSpec, device: str = "cpu", rounds: int = _ROUNDS
) -> float:
    """The mean time of real training iterations on images without content, after a first one.

    Args:
        shape: channels, height and width of the images.
        rounds: how many iterations are timed. With the penalty on every k-th critic step only,
            iterations come alike again after some; `rounds` should hold these.

    Raises:
        RefusedInput: `device` is not here.
    """
    images = np.zeros((train.batch, *shape), dtype=np.uint8)
    with threads(train.threads):
        trainer = GanTrainer(images, model, train, device=device)
        trainer.advance().cpu()  # waits for a device that works behind the program's back
        started = time.perf_counter()
        for _ in range(rounds):
            losses = trainer.advance()
        losses.cpu()
        return (time.perf_counter() - started) / rounds


def _rounds(train: TrainSpec) -> int:
    """So many iterations hold the critic steps with penalty at their share."""
    period = train.penalty_interval // math.gcd(train.penalty_interval, train.critic_steps)
    return period * math.ceil(_ROUNDS / period)


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
) -> Speed:
    """The speed that `store` holds for these networks on such a device; measured if it has none.

    Args:
        store: None measures and writes nothing down.
        keep: whether to write down what had to be measured.

    Raises:
        RefusedInput: it must be measured, and `device` is not here.
        StoreError: the store cannot be read or written, or what it holds is damaged.
    """
    path = speed_path(shape, model, train, device)
    known = store.get(path) if store else None
    if known is None:
        known = _measured(shape, model, train, device).model_dump_json(indent=1).encode()
        if store and keep and not store.create(path, known):
            known = store.get(path) or b""  # another driver was first
    try:
        return Speed.model_validate(json.loads(known))
    except (ValueError, ValidationError) as error:
        where = f"{store.url}/{path}" if store else path
        raise DamagedRecord(f"{where} is damaged: {' '.join(str(error).split())}") from None


def speed_path(shape: Shape, model: ModelSpec, train: TrainSpec, device: str) -> str:
    """Where a store keeps the speed of these networks on such a device."""
    identity = [list(shape), model.identity(), train.identity(), device]
    return f"speeds/{content_hash(identity)}.json"


def _measured(shape: Shape, model: ModelSpec, train: TrainSpec, device: str) -> Speed:
    if device == "cuda" and not torch.cuda.is_available():
        raise RefusedInput(
            "budget.device_seconds: the speed on a GPU must be measured once, and this machine has "
            "none; run `ganray plan` with this store on one that has, or name iterations, images "
            "or flops instead"
        )
    started = time.monotonic()
    seconds = seconds_per_iteration(shape, model, train, device, _rounds(train))
    spent = time.monotonic() - started
    name = torch.cuda.get_device_name() if choose_device(device).type == "cuda" else "CPU"
    record = provenance(spent) | {"device_name": name}
    return Speed(seconds_per_iteration=seconds, device=device, rounds=_rounds(train), record=record)
