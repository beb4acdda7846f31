"""The board's table in the width that there is: what matters least gives way first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

COLUMNS = ("GAN", "state", "bar", "step", "loss", "images/s", "ETA", "node")
_UNNAMED = ("state", "bar")
_RIGHT = ("step", "loss", "images/s", "ETA")
_FIRST_TO_GO = ("node", "images/s", "bar", "loss", "ETA", "state")  # step and GAN never do
_GAP = 2
_BAR = (4, 16)  # columns, least and most
_TITLE = (5, 8)  # columns: of one that has its replicate alone, of one that tells something
_NODE = 8  # columns; in less it tells nothing
_REPLICATE = re.compile(r" r\d+(?!\S)")

Row = Mapping[str, Text | ProgressBar]


class BoardTable:
    """Rows of `COLUMNS`, drawn in one line each, whatever the width.

    The bar shrinks first, then long titles, which are cut before their replicate; then node and
    speed go, and only in a very narrow place more. The step is always whole.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        widths = fitted(self._natural(), options.max_width)
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
        for name, width in widths.items():
            title = "" if name in _UNNAMED else name
            justify: Any = "right" if name in _RIGHT else "left"
            table.add_column(title, justify=justify, no_wrap=True, min_width=width, max_width=width)
        for row in self._rows:
            table.add_row(*self._cells(row, widths))
        yield table

    def _natural(self) -> dict[str, int]:
        """The widths in which nothing would be cut."""
        widths = dict[str, int]()
        for name in COLUMNS:
            cells = [row[name] for row in self._rows]
            texts = [cell.cell_len for cell in cells if isinstance(cell, Text)]
            header = 0 if name in _UNNAMED else len(name)
            widths[name] = _BAR[1] if name == "bar" else max([header, *texts])
        return widths

    def _cells(self, row: Row, widths: Mapping[str, int]) -> Iterator[Text | ProgressBar]:
        for name, width in widths.items():
            cell = row[name]
            if isinstance(cell, ProgressBar):
                cell.width = width
            elif name == "GAN":
                cell = Text(shortened(cell.plain, width), style=cell.style)
            yield cell


def fitted(natural: Mapping[str, int], width: int) -> dict[str, int]:
    """Columns and their widths, of no more than `width` together where that is possible.

    Args:
        natural: the columns and the widths in which nothing would be cut.
    """
    least = dict(natural)
    for name, small in (("bar", _BAR[0]), ("GAN", max(16, width // 3)), ("node", _NODE)):
        if name in least:
            least[name] = min(least[name], small)
    for name in _FIRST_TO_GO[:-1]:
        if _total(least) <= width:
            break
        least.pop(name, None)
    _shrink_title(least, natural, _TITLE[1], width)
    if _total(least) > width:
        least.pop(_FIRST_TO_GO[-1], None)
        _shrink_title(least, natural, _TITLE[0], width)
    for name in ("GAN", "node", "bar"):  # what is left over goes to what could use it
        if name in least:
            least[name] += max(0, min(natural[name] - least[name], width - _total(least)))
    return least


def _shrink_title(
    widths: dict[str, int], natural: Mapping[str, int], smallest: int, width: int
) -> None:
    over = max(0, _total(widths) - width)
    widths["GAN"] = max(min(natural["GAN"], smallest), widths["GAN"] - over)


def _total(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + _GAP * (len(widths) - 1)


def shortened(title: str, width: int) -> str:
    """A task's title in at most `width` columns: cut in its middle, the replicate left as it is."""
    if cell_len(title) <= width:
        return title
    found = list(_REPLICATE.finditer(title))
    start = found[-1].start() if found else len(title) - max(0, width // 2 - 1)
    tail, whole = title[start:], len(found[-1].group()) if found else 0
    if cell_len(tail) > max(whole, width // 2):
        tail = _cut(tail, max(whole, width // 2 - 1)) + "…"
    return _cut(title[:start], max(0, width - 1 - cell_len(tail))) + "…" + tail


def _cut(text: str, width: int) -> str:
    return set_cell_size(text, width).rstrip()
