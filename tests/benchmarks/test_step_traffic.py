"""What a step reads and writes is counted where Triton is, on any machine."""

from __future__ import annotations

import itertools

import pytest


def test_passes_by_hand_read_and_write_less():
    pytest.importorskip("triton")
    from tests.benchmarks.step_traffic import FORMS, counted, sum_of

    steps = [sum_of(counted(11, 8, form, batch=4).counts.values()) for form in FORMS.values()]
    for before, after in itertools.pairwise(steps):
        assert after.kernels < before.kernels
        assert after.bytes < 1.01 * before.bytes
        assert after.flops == pytest.approx(before.flops, rel=0.1)
