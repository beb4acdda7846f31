"""Which form of a product is the fastest on this device, found once for each shape.

On a CPU no race is held, so that bits do not depend on what else the machine does.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ganray.train.cohorts.products import FORMS, Form, Geometry, Kind

_ROUNDS = 3
_won: dict[tuple[Any, ...], str] = {}
PREFERRED: dict[Kind, str] = {"maps": "columns", "images": "columns", "weights": "columns"}
"""Where no race is held."""


def fastest(kind: Kind, one: Tensor, other: Tensor, geometry: Geometry) -> Form:
    """The form that is taken for operands like these."""
    if one.device.type != "cuda":
        return FORMS[kind][PREFERRED[kind]]
    shape = _named(kind, one, other, geometry)
    if shape not in _won:
        if torch.cuda.is_current_stream_capturing():
            return FORMS[kind][PREFERRED[kind]]
        _won[shape] = _race(FORMS[kind], one, other, geometry)
    return FORMS[kind][_won[shape]]


def winners() -> list[dict[str, Any]]:
    """What won, for each shape that was met: to be kept with what was trained."""
    return [
        {"product": kind, "networks": one[0], "one": one[1:], "other": other[1:],
         "geometry": tuple(geometry), "precision": precision, "form": form}
        for (_, kind, one, other, geometry, precision), form in _won.items()
    ]  # fmt: skip


def _named(kind: Kind, one: Tensor, other: Tensor, geometry: Geometry) -> tuple[Any, ...]:
    precision = str(one.dtype).removeprefix("torch.")
    if one.dtype == torch.float32 and torch.backends.cudnn.allow_tf32:
        precision = "tf32"
    card = torch.cuda.get_device_name(one.device)
    return card, kind, tuple(one.shape), tuple(other.shape), geometry, precision


def _race(forms: dict[str, Form], one: Tensor, other: Tensor, geometry: Geometry) -> str:
    seconds = {name: _seconds(partial(form, one, other, geometry)) for name, form in forms.items()}
    return min(seconds, key=seconds.__getitem__)


def _seconds(work: Callable[[], Tensor]) -> float:
    found = []
    with torch.no_grad():
        work()
        for _ in range(_ROUNDS):
            begun, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begun.record()
            work()
            ended.record()
            ended.synchronize()
            found.append(begun.elapsed_time(ended))
    return statistics.median(found)
