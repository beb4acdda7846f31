"""Which form of a product is the fastest on this device, found once for each shape.

On a CPU no race is held, so that bits do not depend on what else the machine does.
"""

from __future__ import annotations

import importlib.util
import statistics
import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor

from ganray.train.cohorts.products import FORMS, Form, Geometry, Kind, made_once

_ROUNDS, _TIMES = 3, 8
_HEAD_START = 6_000_000  # cycles, some three thousandths of a second
_ALIKE = 2e-2
"""How far a form may be from the first one, over the largest number: roundings of 8 bits."""
PREFERRED = "columns"
"""Where no race is held."""
_won: dict[tuple[Any, ...], str] = {}
_milliseconds: dict[tuple[Any, ...], dict[str, float]] = {}
_met: dict[tuple[Any, ...], None] = {}


def fastest(kind: Kind, one: Tensor, other: Tensor, geometry: Geometry) -> Form:
    """The form that is taken for operands like these."""
    if one.device.type != "cuda":
        return FORMS[kind][PREFERRED]
    shape = _named(kind, one, other, geometry)
    if shape not in _won:
        if torch.cuda.is_current_stream_capturing():
            return FORMS[kind][PREFERRED]
        times = _milliseconds[shape] = _race(_forms(kind), one, other, geometry)
        _won[shape] = min(times, key=times.__getitem__)
    _met[shape] = None
    return _forms(kind)[_won[shape]]


def winners() -> list[dict[str, Any]]:
    """What won, for each shape that was met, and the milliseconds of every form."""
    return [
        {"product": kind, "networks": one[0], "one": one[1:], "other": other[1:],
         "geometry": tuple(geometry), "precision": precision, "form": _won[shape],
         "milliseconds": {name: round(took, 4) for name, took in times.items()}}
        for shape, times in _milliseconds.items()
        for _, kind, one, other, geometry, precision in [shape]
    ]  # fmt: skip


def forget_met() -> None:
    """From now on another cohort's products are met."""
    _met.clear()


def met() -> dict[str, str]:
    """The form that was taken for each product that was met, by its shapes."""
    return {_words(shape): _won[shape] for shape in _met}


def met_in_words() -> list[str]:
    """A line for each of them, with the milliseconds of every form."""
    return [
        f"{_words(shape)}: {_won[shape]} of "
        + ", ".join(f"{name} {took:.4f} ms" for name, took in _milliseconds[shape].items())
        for shape in _met
    ]


def _words(shape: tuple[Any, ...]) -> str:
    _, kind, one, other, geometry, precision = shape
    sides = ("x".join(map(str, each)) for each in (one, other))
    return f"{kind} {' by '.join(sides)} stride {geometry.stride[0]} {precision}"


@cache
def _forms(kind: Kind) -> dict[str, Form]:
    """All that there are on a GPU: also Triton's, which PyTorch brings there."""
    found = dict(FORMS[kind])
    if importlib.util.find_spec("triton") is not None:
        from ganray.train.cohorts.implicit import PRODUCTS, TILES

        found |= {name: partial(PRODUCTS[kind], tile) for name, tile in TILES.items()}
    return found


def _named(kind: Kind, one: Tensor, other: Tensor, geometry: Geometry) -> tuple[Any, ...]:
    precision = str(one.dtype).removeprefix("torch.")
    if one.dtype == torch.float32 and torch.backends.cudnn.allow_tf32:
        precision = "tf32"
    card = torch.cuda.get_device_name(one.device)
    return card, kind, tuple(one.shape), tuple(other.shape), geometry, precision


@torch.no_grad()
def _race(
    forms: dict[str, Form], one: Tensor, other: Tensor, geometry: Geometry
) -> dict[str, float]:
    """Milliseconds of each form that works."""
    times: dict[str, float] = {}
    known: Tensor | None = None
    for name, form in forms.items():
        work = partial(form, one, other, geometry)
        try:
            made = work()
        except Exception as error:  # a card, or a compiler, may be without something
            warnings.warn(f"{name} is left out: {type(error).__name__}: {error}", stacklevel=2)
            continue
        known = made if known is None else known
        if (made - known).abs().max() > _ALIKE * known.abs().max():
            warnings.warn(f"{name} is left out: it gives other numbers", stacklevel=2)
            continue
        # A layout that it needs may be there from another product of the step, or not.
        with made_once():
            times[name] = _timed(work) / 2
        with made_once(False):
            times[name] += _timed(work) / 2
    return times


def _timed(work: Callable[[], Tensor]) -> float:
    """Of the device alone, as in a captured step: it sleeps until the host has said all."""
    found = []
    for _ in range(_ROUNDS):
        begun, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda._sleep(_HEAD_START)
        begun.record()
        for _ in range(_TIMES):
            work()
        ended.record()
        ended.synchronize()
        found.append(begun.elapsed_time(ended) / _TIMES)
    return statistics.median(found)
