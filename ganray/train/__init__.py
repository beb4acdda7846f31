"""Training: what moves a GAN or an encoder along its trajectory, on one device.

The names that need torch load on first use, so that reading a specification stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ganray.train.algorithms import ALGORITHMS, Training, WganGp
from ganray.train.encoder_spec import EncoderSpec
from ganray.train.spec import TrainSpec

if TYPE_CHECKING:
    from ganray.train.encoder import EncoderTrainer
    from ganray.train.gan import GanTrainer
    from ganray.train.loop import Host, Progress, run

__all__ = [
    "ALGORITHMS",
    "EncoderSpec",
    "EncoderTrainer",
    "GanTrainer",
    "Host",
    "Progress",
    "TrainSpec",
    "Training",
    "WganGp",
    "run",
]

_HOMES = {
    "EncoderTrainer": "encoder",
    "GanTrainer": "gan",
    "Host": "loop",
    "Progress": "loop",
    "run": "loop",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
