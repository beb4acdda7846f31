"""The benchmark of cohorts runs, here on a CPU and small."""

from __future__ import annotations

import pytest

from tests.benchmarks.gpu_cohorts import apart, equal_numbers


@pytest.mark.slow
def test_it_runs_on_a_cpu():
    assert equal_numbers("cpu")
    found = apart("cpu", 2, 1)
    assert found["worst"] < 1e-4
    assert found["of_a_rounding"] > 0
