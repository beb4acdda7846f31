"""Pictures of the laboratories' games."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganray.laboratory.networks import Mixture
from ganray.report.drawing.figures import ACCENT, FAINT, INK, canvas, picture
from ganray.report.page import Picture

_FAR = 6.0  # what lies beyond is drawn at the edge
_DENSE = 3.0  # times the density of real numbers: so much is shown of generated ones


def heat_map(cells: Sequence[Sequence[float]], means: tuple[float, float], alt: str) -> Picture:
    """Shares from 0 to 1 on a grid of two means."""
    size = 2.5, 2.1
    with canvas(size) as drawn:
        axes = drawn.subplots()
        grid = np.asarray(cells).T
        half = (means[1] - means[0]) / max(1, len(grid) - 1) / 2
        extent = (means[0] - half, means[1] + half) * 2
        shown = axes.imshow(grid, origin="lower", extent=extent, vmin=0, vmax=1, cmap="cividis")
        axes.set_xlabel("μ₁")
        axes.set_ylabel("μ₂")
        drawn.colorbar(shown, ax=axes, ticks=[0, 0.5, 1])
        return picture(drawn, alt, size)


def path_curves(arrays: dict[str, np.ndarray], target: tuple[float, float], alt: str) -> Picture:
    """Means and intervals over the iterations, and L below them."""
    size = 3.4, 2.9
    means, ends = arrays["means"], np.clip(arrays["ends"], -_FAR, _FAR)
    steps = np.arange(len(means))
    with canvas(size) as drawn:
        above, below = drawn.subplots(2, 1, sharex=True, height_ratios=[2, 1])
        for place in (0, 2):
            above.fill_between(steps, ends[:, place], ends[:, place + 1], color=FAINT, alpha=0.7,
                               linewidth=0)  # fmt: skip
        for mean in target:
            above.axhline(mean, color=INK, linewidth=1.0, linestyle=(0, (1, 2)))
        above.plot(steps, means, color=ACCENT, linewidth=1.6)
        low = min(means.min(), *target) - 1.5
        high = max(means.max(), *target) + 1.5
        above.set_ylim(low, high)
        below.plot(steps, arrays["value"], color=INK, linewidth=1.0)
        below.plot(steps, arrays["best"], color=INK, linewidth=1.0, linestyle=(0, (3, 2)))
        below.set_xlabel("iteration")
        below.set_ylabel("L")
        return picture(drawn, alt, size)


def number_curves(arrays: dict[str, np.ndarray], real: Mixture, said: str, alt: str) -> Picture:
    """Densities of real and generated numbers from −1 to 1, and the critic's curve below them.

    Args:
        said: what the critic's answer is called.
    """
    size = 2.5, 2.5
    edges = np.linspace(-1, 1, len(arrays["density"]) + 1)
    along = np.linspace(-1, 1, len(arrays["critic"]))
    fine = np.linspace(-1, 1, 2001)
    dense = real.density(fine)
    with canvas(size) as drawn:
        above, below = drawn.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        above.fill_between(fine, dense, color=FAINT, alpha=0.7, linewidth=0)
        above.stairs(arrays["density"], edges, color=ACCENT, linewidth=1.2)
        above.set_ylim(0, _DENSE * dense.max())
        above.set_ylabel("density")
        below.plot(along, arrays["critic"], color=INK, linewidth=1.2)
        if said == "D":
            below.set_ylim(-0.05, 1.05)
        below.set_xlabel("x")
        below.set_ylabel(said)
        return picture(drawn, alt, size)
