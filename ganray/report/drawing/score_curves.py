"""Curves of scores with their intervals, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ganray.report.drawing.figures import ACCENT, FAINT, INK, canvas, picture
from ganray.report.page import Picture, Tone
from ganray.text.wording import quantity

COLOURS = {
    "accent": (ACCENT, ACCENT),
    "ink": (INK, "white"),
    "third": ("#a4530f", "#a4530f"),
    "fourth": ("#6a4c93", "#6a4c93"),
    "fifth": ("#2f6f1e", "#2f6f1e"),
    "sixth": ("#a11d5b", "#a11d5b"),
    "seventh": ("#a4530f", "white"),
    "eighth": ("#6a4c93", "white"),
    "floor": ("#8a9098", "white"),
}
"""Of each tone: lines, and what points are filled with; those of `report.css`."""
_SIZE = 3.1, 1.75  # inches
_LABELS = 6  # on an axis, at most


@dataclass(frozen=True)
class CurvePoint:
    """One measured point, with its interval where it has one."""

    at: float
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Curve:
    """The points of one side, in their order."""

    name: str
    tone: Tone
    points: list[CurvePoint]


@dataclass(frozen=True)
class Level:
    """A value that does not depend on what the curves are drawn against, with its interval."""

    tone: Tone
    value: float
    low: float | None
    high: float | None


def score_curves(
    curves: Sequence[Curve],
    floor: float | None,
    axis: str,
    alt: str,
    levels: Sequence[Level] = (),
) -> Picture:
    """Scores with their intervals against a positive quantity, on a logarithmic scale of it."""
    with canvas(_SIZE) as drawn:
        axes = drawn.subplots()
        axes.set_xscale("log")
        if floor is not None:
            axes.axhline(floor, color=INK, linewidth=1.0, linestyle=(0, (2, 2)))
        for level in levels:
            colour = COLOURS[level.tone][0]
            axes.axhline(level.value, color=colour, linewidth=1.2)
            if level.low is not None:
                axes.axhspan(level.low, level.high, color=colour, alpha=0.15, linewidth=0)
        for curve in curves:
            _draw(axes, curve)
        _quantities(axes, sorted({point.at for curve in curves for point in curve.points}))
        axes.set_xlabel(axis)
        axes.grid(axis="y", color=FAINT, linewidth=0.4)
        axes.set_axisbelow(True)
        return picture(drawn, alt, _SIZE)


def _draw(axes: Any, curve: Curve) -> None:
    colour, filled = COLOURS[curve.tone]
    for point in curve.points:
        if point.low is not None:
            ends = [point.low, point.high]
            axes.plot([point.at] * 2, ends, color=colour, linewidth=3.5, alpha=0.3)
    at, values = [p.at for p in curve.points], [p.value for p in curve.points]
    axes.plot(at, values, color=colour, linewidth=1.0, zorder=2)
    axes.plot(at, values, "o", color=colour, mfc=filled, markersize=4.5, zorder=3)


def _quantities(axes: Any, values: Sequence[float]) -> None:
    """Tick a logarithmic axis where the points are, as far as their labels have room."""
    ticks: list[float] = []
    for value in values:
        if not ticks or value >= 1.35 * ticks[-1]:
            ticks.append(value)
    ticks = ticks[:: -(-len(ticks) // _LABELS)] if ticks else []
    axes.set_xticks(ticks, [quantity(value, "").strip() for value in ticks])
    axes.set_xticks([], minor=True)
