"""How numbers, times and sizes are written for people."""

from __future__ import annotations

import math
from collections.abc import Sequence

AGAIN = "copy or download it again"
"""What helps where a file is damaged."""
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PREFIXES = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def number(value: float | None) -> str:
    """Three significant digits or so: 1,313 · 61.2 · 0.0123 · 4.1×10⁻⁵; a dash for none."""
    if value is None or math.isnan(value):
        return "–"
    size = abs(value)
    if size >= 999.95:
        text = f"{value:,.0f}"
    elif size >= 9.995:
        text = f"{value:.1f}"
    elif size >= 1e-3 or value == 0:
        text = f"{value:#.3g}" if value else "0"
    else:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        text = f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPT)}"
    return text.replace("-", "−")


def short_list(values: Sequence[object], most: int = 20) -> str:
    """The first values, and how many there are in all."""
    shown = ", ".join(map(str, values[:most]))
    return shown + (f", … ({len(values):,} in all)" if len(values) > most else "")


def interval(low: float | None, high: float | None) -> str:
    """`[low, high]`, or nothing where there is none."""
    return "" if low is None or high is None else f"[{number(low)},\u00a0{number(high)}]"


def quantity(value: float, unit: str) -> str:
    """With an SI prefix, e.g. 4.72 TFLOP."""
    for factor, prefix in _PREFIXES:
        if abs(value) >= factor:
            return f"{value / factor:.3g} {prefix}{unit}"
    return f"{value:.3g} {unit}"


def duration(seconds: float) -> str:
    """As a person says it: 8.2 s, 3 min 12 s, 2 h 05 min."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60:,} h {minutes % 60:02d} min"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss; "?" where they are not finite."""
    if not 0 <= seconds < float("inf"):
        return "?"
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def size(count: int | float | None) -> str:
    """A number of bytes with its unit; of None, that it was not measured."""
    if count is None:
        return "not measured"
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
