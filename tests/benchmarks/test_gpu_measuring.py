"""The benchmark of measuring on GPUs runs, here on a CPU and small."""

from __future__ import annotations

from tests.benchmarks.gpu_measuring import batched_cafd, recorded_search


def test_it_runs_on_a_cpu():
    cafd = batched_cafd("cpu", images=300, dimensions=12, classes=3)
    assert cafd["relative_difference"] < 1e-7
    search = recorded_search("cpu", width=2, chunk=3, steps=4)
    assert search["equal"]
    assert search["farthest"] == 0
