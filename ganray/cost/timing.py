"""How fast a GAN trains here: real iterations, timed."""

from __future__ import annotations

import math
import time

import torch

from ganray.cost.speed import Speed
from ganray.errors import RefusedInput
from ganray.models import ModelSpec
from ganray.models.spec import Shape
from ganray.process.memory import memory_free
from ganray.process.numerics import provenance, threads
from ganray.train.costs.blank import blank_trainer
from ganray.train.costs.memory import gan_memory
from ganray.train.device import choose_device, device_name
from ganray.train.spec import TrainSpec

_ROUNDS = 5


def seconds_per_iteration(
    shape: Shape,
    model: ModelSpec,
    train: TrainSpec,
    device: str = "cpu",
    rounds: int = _ROUNDS,
    classes: int = 1,
) -> float:
    """The mean time of real training iterations on images without content, after a first one.

    Args:
        shape: channels, height and width of the images.
        rounds: how many iterations are timed. With the penalty on every k-th critic step only,
            iterations come alike again after some; `rounds` should hold these.
        classes: of the images.

    Raises:
        RefusedInput: `device` is not here.
    """
    # Iterations as they are at first: what differs later is reckoned by operations.
    train = train.model_copy(update={"schedule": ()})
    with threads(train.threads):
        trainer = blank_trainer(shape, model, train, device, classes)
        trainer.advance().cpu()  # waits for a device that works behind the program's back
        started = time.perf_counter()
        for _ in range(rounds):
            losses = trainer.advance()
        losses.cpu()
        return (time.perf_counter() - started) / rounds


def _rounds(train: TrainSpec) -> int:
    """So many iterations hold each step's kinds of batches at their shares."""
    period = math.lcm(*(step.period // math.gcd(step.period, step.times) for step in train.steps()))
    return period * math.ceil(_ROUNDS / period)


def measured(
    shape: Shape, model: ModelSpec, train: TrainSpec, device: str, classes: int = 1
) -> Speed:
    """The speed of one whole training iteration here, and what it was measured on.

    Raises:
        RefusedInput: `device` is not here, or has too little memory.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise RefusedInput(
            "budget.device_seconds: the speed on a GPU must be measured once, and this machine has "
            "none; run `ganray plan` with this store on one that has, or name iterations, images "
            "or flops instead"
        )
    _refuse_too_large(gan_memory(shape, model, train, classes), device)
    started = time.monotonic()
    seconds = seconds_per_iteration(shape, model, train, device, _rounds(train), classes)
    spent = time.monotonic() - started
    record = provenance(spent) | {"device_name": device_name(device)}
    return Speed(seconds_per_iteration=seconds, device=device, rounds=_rounds(train), record=record)


def _refuse_too_large(needed: int, device: str) -> None:
    """Refuse to time what takes more memory than is free."""
    cuda = choose_device(device).type == "cuda"
    free = torch.cuda.mem_get_info()[0] if cuda else memory_free()
    if free is not None and needed > free:
        raise RefusedInput(
            f"budget.device_seconds: the speed must be measured once, for which training needs "
            f"about {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free here; lower "
            "data.size, model.width or train.batch, or name iterations, images or flops instead"
        )
