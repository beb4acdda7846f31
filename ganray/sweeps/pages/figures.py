"""Pictures of a sweep: each trial's curve, and its settings as lines across parallel axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganray.report.drawing.figures import ACCENT, FAINT, INK, canvas, picture
from ganray.report.page import Picture

_BELOW = -0.12  # where lines of failed trials end
_REST = "#9aa1a8"  # dark enough to be followed where lines cross


@dataclass(frozen=True)
class TrialCurve:
    """One trial as it is drawn.

    Attributes:
        rank: 0 for the best that was trained to the end, 1 for the second; others are one grey.
        points: iterations and objective at each rung.
        ended: how: "finished", "stopped early" or "failed".
    """

    label: str
    rank: int | None
    points: list[tuple[int, float]]
    values: Mapping[str, Any]
    ended: str

    @property
    def style(self) -> dict[str, Any]:
        """Colour, width and order."""
        colour = {0: ACCENT, 1: INK}.get(-1 if self.rank is None else self.rank, _REST)
        dashes = {"failed": ":", "stopped early": "--"}.get(self.ended, "-")
        place = 3 - min(2 if self.rank is None else self.rank, 2)
        width = 2.2 if self.rank == 0 else 1.5 if self.rank == 1 else 1.0
        return {"color": colour, "linestyle": dashes, "linewidth": width, "zorder": 2 + place}


def trial_curves(lines: Sequence[TrialCurve], metric: str, alt: str) -> Picture:
    """The objective against iterations; the best two are named at their ends."""
    size = 7.0, 3.2
    with canvas(size) as drawn:
        axes = drawn.subplots()
        for line in lines:
            if line.points:
                steps, values = zip(*line.points, strict=True)
                axes.plot(steps, values, marker="o", markersize=3, **line.style)
                if line.ended == "failed":
                    axes.plot(steps[-1], values[-1], "x", color=_REST, markersize=7)
        for line in lines:
            if line.rank in (0, 1) and line.points:
                axes.annotate(
                    line.label,
                    line.points[-1],
                    xytext=(6, 0),
                    textcoords="offset points",
                    color=line.style["color"],
                    va="center",
                )
        axes.set_xlabel("iterations")
        axes.set_ylabel(metric)
        axes.locator_params(axis="x", integer=True)
        if _spread([value for line in lines for _, value in line.points]):
            axes.set_yscale("log")
        axes.grid(axis="y", color=FAINT, linewidth=0.4)
        return picture(drawn, alt, size)


def parallel_coordinates(
    lines: Sequence[TrialCurve], fields: Mapping[str, bool], metric: str, alt: str
) -> Picture:
    """One axis for each field and one for the objective; a trial is a line across them.

    Args:
        fields: what varied, in the axes' order → whether its axis is logarithmic.
    """
    size = 7.0, 3.4
    columns = [
        _Axis.of([line.values.get(name) for line in lines], name, log)
        for name, log in fields.items()
    ]
    ends = [_end(line) for line in lines]
    columns.append(_Axis.of(ends, metric, _spread([end for end in ends if end is not None])))
    with canvas(size) as drawn:
        axes = drawn.subplots()
        for line, end in zip(lines, ends, strict=True):
            shares = [axis.share(line.values.get(axis.name)) for axis in columns[:-1]]
            shares.append(_BELOW if end is None else columns[-1].share(end))
            axes.plot(range(len(columns)), shares, **line.style)
        for place, axis in enumerate(columns):
            axes.axvline(place, color=FAINT, linewidth=0.8, zorder=1)
            for share, text in axis.ticks:
                _label(axes, place, share, text)
        if None in ends:
            _label(axes, len(columns) - 1, _BELOW, "failed")
        names = [axis.name.partition(".")[2] or axis.name for axis in columns]
        axes.set_xlim(-0.45, len(columns) - 0.9)
        axes.set_ylim(_BELOW - 0.06, 1.06)
        axes.set_xticks(range(len(columns)), names)
        axes.set_yticks([])
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        axes.tick_params(axis="x", length=0)
        return picture(drawn, alt, size)


def _end(line: TrialCurve) -> float | None:
    return line.points[-1][1] if line.points and line.ended != "failed" else None


def _label(axes: Any, place: int, share: float, text: str) -> None:
    """A value beside its axis, readable where lines run behind it."""
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    style = {"ha": "right", "va": "center", "fontsize": 7.5, "color": INK, "bbox": behind}
    axes.text(place - 0.03, share, text, zorder=6, **style)


@dataclass(frozen=True)
class _Axis:
    """One parallel axis: from a value to its height, 0 … 1."""

    name: str
    share: Callable[[Any], float]
    ticks: list[tuple[float, str]]

    @classmethod
    def of(cls, values: Sequence[Any], name: str, logarithmic: bool) -> _Axis:
        present = [value for value in values if value is not None]
        numeric = present and all(
            isinstance(value, int | float) and not isinstance(value, bool) for value in present
        )
        if not numeric or (len(present) < len(values) and name.partition(".")[2]):
            return cls._listed(list(dict.fromkeys(values)), name)
        scale = math.log if logarithmic else float
        low, high = scale(min(present)), scale(max(present))

        def share(value: Any) -> float:
            return (scale(value) - low) / (high - low) if high > low else 0.5

        shown = sorted({min(present), max(present)})
        return cls(name, share, [(share(value), f"{value:.3g}") for value in shown])

    @classmethod
    def _listed(cls, values: list[Any], name: str) -> _Axis:
        heights = {str(value): at / max(len(values) - 1, 1) for at, value in enumerate(values)}
        ticks = [(height, "none" if text == "None" else text) for text, height in heights.items()]
        return cls(name, lambda value: heights[str(value)], ticks)


def _spread(values: Sequence[float]) -> bool:
    """Whether positive values differ so much that only a logarithmic axis shows them all."""
    return bool(values) and min(values) > 0 and max(values) / min(values) > 30
