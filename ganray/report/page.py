"""What a page is made of: plain data, which a study fills and `render` turns into HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

Tone = Literal["accent", "ink", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "floor"]


@dataclass(frozen=True)
class Mark:
    """One value on a strip, with its interval where it has one."""

    label: str
    value: float
    tone: Tone
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Strip:
    """Marks on a common horizontal scale, drawn in the width there is.

    `ends` fixes the scale, so that the strips of a table's rows can be compared.
    """

    kind: ClassVar[str] = "strip"
    marks: list[Mark]
    ends: tuple[float, float] | None = None

    @property
    def extent(self) -> tuple[float, float]:
        """The least and the greatest value to be shown, intervals included."""
        values = [v for m in self.marks for v in (m.value, m.low, m.high) if v is not None]
        return (min(values, default=0.0), max(values, default=1.0))

    def at(self, value: float) -> str:
        """Where `value` lies, as a percentage of the width with a margin for the mark itself."""
        low, high = self.ends or self.extent
        share = (value - low) / (high - low) if high > low else 0.5
        return f"{3 + 94 * min(max(share, 0.0), 1.0):.2f}%"


@dataclass(frozen=True)
class Key:
    """What the marks of the strips below stand for."""

    kind: ClassVar[str] = "key"
    names: dict[str, Tone]


@dataclass(frozen=True)
class Paragraph:
    """Running text; a `note` is set smaller."""

    kind: ClassVar[str] = "paragraph"
    text: str
    note: bool = False


@dataclass(frozen=True)
class Finding:
    """One verdict: a name, what is concluded, the numbers in one sentence, and their picture."""

    kind: ClassVar[str] = "finding"
    name: str
    conclusion: str
    sentence: str
    strip: Strip
    winner: str | None = None


@dataclass(frozen=True)
class Column:
    """A column's heading; numbers are set flush right."""

    title: str
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under headings; the first cell of a row names it. It scrolls in a box of its own."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: list[Column]
    rows: list[list[str | Strip]]


@dataclass(frozen=True)
class Picture:
    """An embedded picture; `width` and `height` are CSS pixels at which it is crisp."""

    kind: ClassVar[str] = "picture"
    uri: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class Figure:
    """Pictures, one under the other, each with the line that belongs under it."""

    pictures: list[Picture]
    title: str
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Gallery:
    """Figures side by side: `triptych` has three in a row, `plates` (small) and `panels` (large)
    as many as fit, `sheet` one of the full width. In `rows` each has its pictures side
    by side with a line under each."""

    kind: ClassVar[str] = "gallery"
    figures: list[Figure]
    layout: Literal["triptych", "plates", "panels", "sheet", "rows"]
    title: str = ""


@dataclass(frozen=True)
class Code:
    """Text as it is."""

    kind: ClassVar[str] = "code"
    text: str


@dataclass(frozen=True)
class Details:
    """Blocks that are shown on demand, and in print."""

    kind: ClassVar[str] = "details"
    summary: str
    blocks: list[Block]


Block = Key | Paragraph | Finding | Table | Gallery | Code | Details


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading; `anchor` is its address on the page."""

    title: str
    anchor: str
    blocks: list[Block]


@dataclass(frozen=True)
class Page:
    """A report: its title and subject, what was found in a sentence or two, and the sections."""

    title: str
    subject: str
    lead: str
    sections: list[Section]

    @classmethod
    def of(cls, title: str, subject: str, lead: str, parts: Sequence[Section | None]) -> Page:
        """A page of those parts that there are."""
        return cls(title, subject, lead, [part for part in parts if part is not None])
