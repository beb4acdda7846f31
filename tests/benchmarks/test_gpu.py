"""The benchmark of GPUs runs, here on a CPU and of one small family."""

from __future__ import annotations

import json

from ganray.studies import families as known
from tests.benchmarks import gpu

SMALL = """\
# Small.
model: {name: dcgan, width: 2, latent: 4}
train: {algorithm: vanilla, batch: 4, ema: 0.9}
"""


def test_it_runs_on_a_cpu(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(known, "families", lambda: {"small": known.Family("small", SMALL)})
    monkeypatch.setattr(gpu, "REPEATS", 2)
    to = tmp_path / "gpu.json"
    assert gpu.main(["--device", "cpu", "--to", str(to), "--budget", "60"]) == 0
    found = json.loads(to.read_text())
    one = found["families"]["small"]
    assert found["device"] == "cpu"
    assert one["alike"]
    assert len(one["losses_cpu"]) == gpu.ITERATIONS
    assert one["losses_cpu"] == one["losses_device"]  # the same device twice
    assert min(one["seconds_cpu"], one["images_per_second"], one["search_steps_per_second"]) > 0
    assert "small              alike to 0.0e+00" in capsys.readouterr().out


def test_what_it_cannot_run_on_is_said(monkeypatch, capsys):
    monkeypatch.setitem(gpu.NEEDED, "no_such_module.inner", "no-such-package")
    assert gpu.main(["--device", "cpu"]) == 2
    assert "needs no-such-package" in capsys.readouterr().err


def test_losses_that_are_no_numbers_are_far_apart():
    assert gpu.far(1.0, 1.5) == 0.25
    assert gpu.far(1.0, float("nan")) == float("inf")


def test_a_budget_is_shared_among_those_to_come():
    clock = gpu.Clock(0.0)
    assert clock.share(3)()
    assert not gpu.Clock(1e6).share(1000)()
