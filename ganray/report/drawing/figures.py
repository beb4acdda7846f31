"""Pictures as data URIs: image grids as PNG, curves as SVG."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from ganray.report.page import Picture

ACCENT, INK, FAINT = "#0b6e75", "#4a4f55", "#c9cdd2"
_PAPER, _GAP, _TILE = 255, 1, 56
_POINTS = 300
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text, in the reader's own font
    "svg.hashsalt": "ganray",
    "font.family": "sans-serif",
    "font.size": 8.5,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def image_grid(
    images: UInt8[np.ndarray, "n c h w"], columns: int, alt: str, tile: int = _TILE
) -> Picture:
    """Images row by row, enlarged by a whole factor, to about `tile` pixels each in width."""
    count, channels, height, width = images.shape
    rows = max(1, -(-count // columns))
    columns = max(1, min(columns, count))
    sheet = np.full(
        (rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, channels),
        _PAPER,
        dtype=np.uint8,
    )
    for index, image in enumerate(images):
        top, left = (index // columns) * (height + _GAP), (index % columns) * (width + _GAP)
        sheet[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    scale = max(1, round(tile / width))
    return _png(sheet, scale, alt)


def _png(sheet: UInt8[np.ndarray, "h w c"], scale: int, alt: str) -> Picture:
    picture = Image.fromarray(sheet[:, :, 0] if sheet.shape[2] == 1 else sheet)
    size = picture.width * scale, picture.height * scale
    sink = io.BytesIO()
    picture.resize(size, Image.Resampling.NEAREST).save(sink, "PNG", optimize=True)
    return Picture(_uri("image/png", sink.getvalue()), alt, *size)


def curves(
    series: Sequence[Mapping[str, np.ndarray]], names: Mapping[str, str], alt: str
) -> Picture:
    """Columns of training histories against their iteration, thinned to means of equal spans.

    Args:
        series: one history for each replicate, with the column `iteration`.
        names: column → its colour.
    """
    size = 3.1, 1.75
    with canvas(size) as drawn:
        axes = drawn.subplots()
        for history in series:
            for column, colour in names.items():
                if column in history:
                    steps, values = thinned(history["iteration"], history[column])
                    axes.plot(steps, values, color=colour, linewidth=1.0, alpha=0.85)
        axes.set_xlabel("iteration")
        axes.locator_params(nbins=4)
        axes.grid(axis="y", color=FAINT, linewidth=0.4)
        axes.set_axisbelow(True)
        return picture(drawn, alt, size)


@contextmanager
def canvas(size: tuple[float, float]) -> Iterator[Any]:
    """An empty figure of `size` inches in the report's style, to draw on within the context."""
    # Half a second of importing, which a plan need not pay.
    import matplotlib
    from matplotlib.figure import Figure as Canvas

    with matplotlib.rc_context(_STYLE):
        yield Canvas(figsize=size, layout="constrained")


def picture(drawn: Any, alt: str, size: tuple[float, float]) -> Picture:
    """What was drawn on a canvas, as SVG; it counts 72 points, CSS 96 pixels to an inch."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    FigureCanvasSVG(drawn)
    # Here, where it measures texts as SVG has them; `savefig` would draw all for it once more.
    drawn.get_layout_engine().execute(drawn)
    drawn.set_layout_engine(None)
    sink = io.BytesIO()
    drawn.savefig(sink, format="svg", transparent=True, metadata={"Date": None})
    width, height = (round(inches * 96) for inches in size)
    return Picture(_uri("image/svg+xml", sink.getvalue()), alt, width, height)


def thinned(
    steps: Float[np.ndarray, "n"] | np.ndarray, values: np.ndarray, points: int = _POINTS
) -> tuple[np.ndarray, np.ndarray]:
    """At most `points` (mean step, mean value) of consecutive spans that differ by at most one."""
    if len(values) <= points:
        return steps, values
    edges = np.linspace(0, len(values), points + 1).astype(np.int64)[:-1]
    counts = np.diff([*edges, len(values)])
    return tuple(  # type: ignore[return-value]
        np.add.reduceat(column.astype(np.float64), edges) / counts for column in (steps, values)
    )


def _uri(media: str, data: bytes) -> str:
    return f"data:{media};base64,{base64.b64encode(data).decode()}"
