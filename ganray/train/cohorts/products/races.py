"""Which form of a product is the fastest on this device, found once for each shape.

On a CPU no race is held, so that bits do not depend on what else the machine does.
"""

from __future__ import annotations

import importlib.util
import statistics
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor

from ganray.train.cohorts.products import (
    FORMS,
    NOTHING,
    Finish,
    FinishedForm,
    Geometry,
    Kind,
    made_once,
    then_finished,
)

_ROUNDS, _TIMES = 3, 8
_HEAD_START = 6_000_000  # cycles, some three thousandths of a second
_ALIKE = 2e-2
"""How far a form may be from the first one, over the largest number: roundings of 8 bits."""
NARROW = 4
"""Channels, as of a picture, for which some forms are made alone."""
PREFERRED = "columns"
"""Where no race is held."""


@dataclass(frozen=True)
class Raced:
    """What one race is held for.

    Attributes:
        one, other: the operands' shapes.
        geometry: of a convolution; none: of a dense layer.
        finish: what is done besides, by all that its time depends on.
    """

    card: str
    product: str
    one: tuple[int, ...]
    other: tuple[int, ...]
    geometry: Geometry | None
    precision: str
    finish: str = ""

    def __str__(self) -> str:
        sides = " by ".join(_sides(each) for each in (self.one, self.other))
        stride = f" stride {self.geometry.stride[0]}" if self.geometry else ""
        told = f"{self.product} {sides}{stride} {self.precision}"
        return f"{told}, {self.finish}" if self.finish else told


_won: dict[Raced, str] = {}
_milliseconds: dict[Raced, dict[str, float]] = {}
_met: dict[Raced, None] = {}


def fastest(
    kind: Kind, one: Tensor, other: Tensor, geometry: Geometry, finish: Finish = NOTHING
) -> FinishedForm:
    """The form that is taken for operands like these, the finish included."""
    if one.device.type != "cuda":
        return then_finished(FORMS[kind][PREFERRED])
    won = _winner(
        _named(kind, one, other, geometry, finish),
        lambda: _forms(kind, kind == "images" and other.shape[2] <= NARROW),
        *(one, other, geometry, finish),
    )
    if won is None:
        return then_finished(FORMS[kind][PREFERRED])
    return _forms(kind, narrow=True)[won]


def _winner(
    raced: Raced, forms: Callable[[], Mapping[str, Callable[..., Tensor]]], *given: Any
) -> str | None:
    """The name of the form that is taken, by a race where there was none; None: none can be held
    now, as the step is being captured."""
    if raced not in _won:
        if torch.cuda.is_current_stream_capturing():
            return None
        times = _milliseconds[raced] = _race(forms(), *given)
        _won[raced] = min(times, key=times.__getitem__)
    _met[raced] = None
    return _won[raced]


def one_output(weight: Tensor) -> bool:
    """Whether a dense layer of several networks is one of `quickest`'s."""
    return weight.shape[1] == 1 and weight.device.type == "cuda" and _triton()


def quickest(name: str, *given: Any) -> Tensor:
    """What a function of `dense` gives, for a layer of one output, by the form that is taken."""
    from ganray.train.cohorts.kernels import single
    from ganray.train.cohorts.products import dense

    forms: dict[str, Callable[..., Tensor]] = {
        "product": dense.FORMS[name],
        "single": getattr(single, name),
    }
    tensors = [one for one in given if isinstance(one, Tensor)]
    (one, other, *more) = (tuple(tensor.shape) for tensor in tensors)
    raced = Raced(
        card=torch.cuda.get_device_name(tensors[0].device),
        product=f"dense {name}",
        one=one,
        other=other,
        geometry=None,
        precision=", ".join(str(tensor.dtype).removeprefix("torch.") for tensor in tensors),
        finish=f"with {' and '.join(map(_sides, more))}" if more else "",
    )
    return forms[_winner(raced, lambda: forms, *given) or "product"](*given)


def _triton() -> bool:
    return importlib.util.find_spec("triton") is not None


def winners() -> list[dict[str, Any]]:
    """What won, for each shape that was met, and the milliseconds of every form."""
    return [
        {"product": raced.product, "networks": raced.one[0], "one": raced.one[1:],
         "other": raced.other[1:], "geometry": tuple(raced.geometry or ()),
         "precision": raced.precision, "finish": raced.finish, "form": _won[raced],
         "milliseconds": {name: round(took, 4) for name, took in times.items()}}
        for raced, times in _milliseconds.items()
    ]  # fmt: skip


def forget_met() -> None:
    """From now on another cohort's products are met."""
    _met.clear()


def met() -> dict[str, str]:
    """The form that was taken for each product that was met, by its shapes."""
    return {str(raced): _won[raced] for raced in _met}


def met_in_words() -> list[str]:
    """A line for each of them, with the milliseconds of every form."""
    return [
        f"{raced}: {_won[raced]} of "
        + ", ".join(f"{name} {took:.4f} ms" for name, took in _milliseconds[raced].items())
        for raced in _met
    ]


def _sides(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


@cache
def _forms(kind: Kind, narrow: bool) -> dict[str, FinishedForm]:
    """All that there are on a GPU: also Triton's, which PyTorch brings there.

    Args:
        narrow: whether images have few channels.
    """
    found = {name: then_finished(form) for name, form in FORMS[kind].items()}
    if _triton():
        from ganray.train.cohorts.kernels import finished, gathered, implicit, summed

        for name, tile in implicit.TILES.items():
            found[name] = then_finished(partial(implicit.PRODUCTS[kind], tile))
        if kind == "weights":
            return found | {name: partial(summed.weights, t) for name, t in summed.TILES.items()}
        for name, tile in finished.TILES.items():
            found[name] = partial(finished.PRODUCTS[kind], tile)
        if kind == "images" and narrow:
            found["gathered"] = partial(gathered.images, finished.TILES["finished"])
    return found


def _named(kind: Kind, one: Tensor, other: Tensor, geometry: Geometry, finish: Finish) -> Raced:
    precision = str(one.dtype).removeprefix("torch.")
    if one.dtype == torch.float32 and torch.backends.cudnn.allow_tf32:
        precision = "tf32"
    card = torch.cuda.get_device_name(one.device)
    return Raced(
        card, kind, tuple(one.shape), tuple(other.shape), geometry, precision, _told(finish)
    )


def _told(finish: Finish) -> str:
    """A finish in words, by all that its time depends on."""
    words = [] if finish.bias is None else ["bias"]
    if finish.bend is not None:
        signs = finish.bend.signs
        words.append("bend" if signs is None else f"bend by {signs.dtype}")
    words += [] if finish.dtype is None else [str(finish.dtype)]
    words += [] if finish.also is None else [f"and {finish.also[0].shape[1]} rows"]
    return ", ".join(words).replace("torch.", "")


@torch.no_grad()
def _race(forms: Mapping[str, Callable[..., Tensor]], *given: Any) -> dict[str, float]:
    """Milliseconds of each form that works."""
    times: dict[str, float] = {}
    known: Tensor | None = None
    for name, form in forms.items():
        work = partial(form, *given)
        try:
            made = work()
        except Exception as error:  # a card, or a compiler, may be without something
            warnings.warn(f"{name} is left out: {type(error).__name__}: {error}", stacklevel=2)
            continue
        known = made if known is None else known
        # What is no number in all of them comes of what is multiplied.
        odd = not torch.equal(made.isnan(), known.isnan())
        apart, size = ((made - known).nan_to_num(), known.nan_to_num())
        if odd or apart.abs().max() > _ALIKE * size.abs().max():
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
