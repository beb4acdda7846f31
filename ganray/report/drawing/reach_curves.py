"""Curves of reach rates against restarts, with their intervals as bands, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ganray.metrics.range_space.reach import Rate
from ganray.report.drawing.figures import FAINT, canvas, picture
from ganray.report.drawing.score_curves import COLOURS
from ganray.report.page import Picture, Tone
from ganray.report.reading.searched import KINDS, OWN

BANDED = 10
"""Fewer targets have intervals so wide that their bands would hide the others."""
_SIZE = 3.1, 1.75  # inches
_TONES: tuple[Tone, ...] = ("ink", "accent", "third", "fourth", "fifth", "sixth", "seventh")
KIND_TONES: dict[str, Tone] = dict(zip((OWN, *KINDS), _TONES, strict=True))
"""In which tone each kind of target is drawn."""
_DASHED = {"ink": ":", "seventh": "--"}


def reach_curves(curves: Mapping[str, Sequence[Rate]], alt: str) -> Picture:
    """The rate of each kind at R = 1, 2, … restarts, with its band where targets are many."""
    with canvas(_SIZE) as drawn:
        axes = drawn.subplots()
        for kind, rates in curves.items():
            colour, _ = COLOURS[KIND_TONES[kind]]
            restarts = range(1, len(rates) + 1)
            ends = [rate.low for rate in rates], [rate.high for rate in rates]
            line = _DASHED.get(KIND_TONES[kind], "-")
            if rates[-1].n >= BANDED:
                axes.fill_between(restarts, *ends, color=colour, alpha=0.13, linewidth=0)
            axes.plot(restarts, [rate.value for rate in rates], line, color=colour, linewidth=1.2)
        if any(len(rates) == 1 for rates in curves.values()):
            axes.set_xlim(0.5, 1.5)
        axes.set_ylim(-0.03, 1.03)
        axes.set_xlabel("restarts R")
        axes.locator_params(axis="x", nbins=6, integer=True)
        axes.grid(axis="y", color=FAINT, linewidth=0.4)
        axes.set_axisbelow(True)
        return picture(drawn, alt, _SIZE)
