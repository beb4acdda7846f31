"""Lines of text in pictures, set in whichever fonts are installed that have their letters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from unicodedata import bidirectional, category

from PIL import ImageDraw, ImageFont, features

_OTHERS = ("bold", "italic", "oblique", "mono", "serif", "light", "thin", "condensed", "black")
"""Words in the names of fonts' files that come last where several have a letter."""


@dataclass(frozen=True)
class Line:
    """A text, cut into runs of one font each."""

    runs: Sequence[tuple[str, ImageFont.FreeTypeFont]]

    @cached_property
    def length(self) -> float:
        """Pixels."""
        return float(sum(font.getlength(text) for text, font in self.runs))

    def draw(self, pen: ImageDraw.ImageDraw, left: int | float, baseline: int, ink: str) -> None:
        """Writes it."""
        for text, font in self.runs:
            pen.text((left, baseline), text, ink, font, anchor="ls")
            left += font.getlength(text)


class Lettering:
    """Fonts for some texts: DejaVu Sans, which matplotlib brings along, and what it lacks from the
    fonts of this machine."""

    def __init__(self, texts: Iterable[str], size: int) -> None:
        """Looks for the letters of the texts.

        Args:
            size: in pixels.
        """
        self.plain = ImageFont.truetype(str(_dejavu()), size)
        self._fonts: dict[str, ImageFont.FreeTypeFont] = {}
        missing = {letter for text in (*texts, "…") for letter in text if not _is_silent(letter)}
        for path in _candidates(missing):
            found = missing & _letters(path)
            try:
                font = ImageFont.truetype(str(path), size) if found else self.plain
            except OSError:  # of coloured bitmaps, in one size alone
                continue
            self._fonts |= dict.fromkeys(found, font)
            missing -= found
            if not missing:
                break

    def line(self, text: str) -> Line | None:
        """The text in these fonts; None where they lack a letter, or it cannot be set rightly."""
        if not features.check("raqm") and any(map(_needs_shaping, text)):
            return None
        runs: list[tuple[str, ImageFont.FreeTypeFont]] = []
        for letter in text:
            before, last = runs.pop() if runs else ("", self.plain)
            font = last if _is_silent(letter) else self._fonts.get(letter)
            if font is None:
                return None
            runs += [(before + letter, font)] if font is last else [(before, last), (letter, font)]
        return Line([run for run in runs if run[0]])

    def fitting(self, text: str, most: int) -> Line | None:
        """As `line`, cut so that it takes no more pixels than that."""
        line = self.line(text)
        while line and line.length > most and text:
            text = text[:-1]
            line = self.line(f"{text}…")
        return line


def _dejavu() -> Path:
    return Path(str(files("matplotlib"))) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"


def _candidates(letters: Iterable[str]) -> Iterable[Path]:
    """DejaVu Sans and, where it lacks a letter, all fonts of this machine, plain ones first."""
    yield _dejavu()
    if {*letters} <= _letters(_dejavu()):
        return
    yield from _installed()


def _installed() -> list[Path]:
    from matplotlib.font_manager import findSystemFonts

    def rank(path: Path) -> tuple[int, str]:
        name = path.name.lower()
        return sum(word in name for word in _OTHERS) - ("sans" in name), str(path)

    return sorted(map(Path, findSystemFonts()), key=rank)


def _letters(path: Path) -> set[str]:
    """All that a font can write; nothing where it cannot be read."""
    from matplotlib.ft2font import FT2Font

    try:
        return {chr(code) for code in FT2Font(str(path)).get_charmap()}
    except (OSError, RuntimeError):
        return set()


def _is_silent(letter: str) -> bool:
    """Joiners, marks of direction and variants of emoji are of any font."""
    return category(letter) == "Cf" or "\ufe00" <= letter <= "\ufe0f"


def _needs_shaping(letter: str) -> bool:
    """Whether it is written from right to left, or drawn otherwise beside others."""
    return bidirectional(letter) in ("R", "AL") or category(letter) in ("Mc", "Mn")
