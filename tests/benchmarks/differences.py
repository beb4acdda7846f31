"""How far each metric is from the reference that it is tested against.

    python -m tests.benchmarks.differences

runs the tests of metrics, looks on while they compare numbers that are to be equal but for rounding
(a tolerance of 10⁻⁴ or less), and prints the largest relative difference in each file of tests.
Directions, shares and other numbers with wider tolerances are left out, and so is what is to be 0.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ApproxScalar: Any = type(pytest.approx(1.0))
_TIGHT = 1e-4
_FOLDER = Path(__file__).parents[1] / "metrics"


class Onlooker:
    """Notes the comparisons of each file of tests."""

    def __init__(self) -> None:
        self.largest: dict[str, float] = defaultdict(float)
        self.compared: dict[str, int] = defaultdict(int)
        self.failed: list[str] = []
        self._file = ""

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._file = nodeid.partition("::")[0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def note(self, actual: Any, expected: Any) -> None:
        a, b = (np.ravel(np.asarray(one, dtype=np.float64)) for one in (actual, expected))
        if a.size != b.size and 1 not in (a.size, b.size):
            return
        a, b = np.broadcast_arrays(a, b)
        known = np.isfinite(a) & np.isfinite(b) & (b != 0)
        if known.any():
            gap = float((abs(a - b)[known] / abs(b[known])).max())
            self.largest[self._file] = max(self.largest[self._file], gap)
            self.compared[self._file] += int(known.sum())


def main() -> None:
    """Print a row for each file, the least equal first."""
    onlooker = Onlooker()
    allclose, equal = np.testing.assert_allclose, ApproxScalar.__eq__

    def close(actual: Any, desired: Any, rtol: float = 1e-7, *more: Any, **named: Any) -> None:
        allclose(actual, desired, rtol, *more, **named)
        if rtol <= _TIGHT and not named.get("atol"):
            onlooker.note(actual, desired)

    def approx(self: Any, actual: Any) -> bool:
        same = bool(equal(self, actual))
        if same and self.expected and self.tolerance <= _TIGHT * abs(self.expected):
            onlooker.note(actual, self.expected)
        return same

    np.testing.assert_allclose, ApproxScalar.__eq__ = close, approx  # type: ignore[assignment]
    try:
        pytest.main(["-q", "-p", "no:cacheprovider", str(_FOLDER)], plugins=[onlooker])
    finally:
        np.testing.assert_allclose, ApproxScalar.__eq__ = allclose, equal
    print("\n| tests | numbers compared | largest relative difference |\n|---|---|---|")
    for file, gap in sorted(onlooker.largest.items(), key=lambda one: -one[1]):
        name = file.partition("metrics/")[2].replace("test_", "").removesuffix(".py")
        print(f"| {name} | {onlooker.compared[file]:,} | {gap:.1e} |")
    print(f"failed: {onlooker.failed or 'none'}")


if __name__ == "__main__":
    main()
