"""The benchmark of GPUs runs, here on a CPU and small: every part, its bounds, and what is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganray.metrics import Precision
from ganray.metrics.features import Embedding
from ganray.studies import families as known
from tests.benchmarks import (
    gpu,
    gpu_cohorts,
    gpu_families,
    gpu_measuring,
    gpu_parts,
    gpu_processes,
)
from tests.benchmarks.gpu_parts import PARTS, Clock, Part

SMALL = """\
# Small.
model: {name: dcgan, width: 2, latent: 4}
train: {algorithm: vanilla, batch: 4, ema: 0.9}
"""


@pytest.fixture
def small(monkeypatch) -> None:
    monkeypatch.setattr(known, "families", lambda: {"small": known.Family("small", SMALL)})
    monkeypatch.setattr(gpu_families, "REPEATS", 2)


def run(to: Path, *words: str) -> dict[str, Any]:
    """A run on this CPU within this process."""
    assert gpu.main(["--device", "cpu", "--here", "--to", str(to), "--budget", "600", *words]) == 0
    found: dict[str, Any] = json.loads(to.read_text())
    return found


def test_families_are_compared(small, tmp_path, capsys):
    found = run(tmp_path / "gpu.json", "--part", "families")
    one = found["parts"]["families"]["found"]["small"]
    assert found["device"] == "cpu"
    assert one["alike"]
    assert len(one["losses_cpu"]) == gpu_families.ITERATIONS
    assert one["losses_cpu"] == one["losses_device"]  # the same device twice
    assert min(one["seconds_cpu"], one["images_per_second"], one["search_steps_per_second"]) > 0
    assert "families, small: {" in capsys.readouterr().out


def test_metrics_and_searches_are_compared(tmp_path):
    found = run(tmp_path / "gpu.json", "--part", "measuring")["parts"]["measuring"]["found"]
    assert [name.partition(",")[0] for name in found] == [
        *("cafd", "frechet_distance", "kid", "precision", "search")
    ]
    search = found.pop("search, width 2, 3 pairs")
    assert search["equal"]
    assert search["farthest"] == 0
    assert all(one["relative_difference"] < 1e-7 for one in found.values())


def test_a_metric_that_is_0_is_itself(monkeypatch):
    monkeypatch.setattr(gpu_measuring, "_features", lambda seed, *_: far_apart(seed))
    found = gpu_measuring.measured("cpu", Precision(), 20, 3)
    assert (found["value"], found["relative_difference"], found["alike"]) == (0, 0, True)


def far_apart(seed: int) -> Embedding:
    rows = np.random.default_rng(seed).normal(1e3 * seed, 1, (20, 3)).astype(np.float32)
    return Embedding(rows, np.ones((20, 1), np.float32))


def test_what_a_cohort_is_reckoned_to_take():
    (one,) = gpu_cohorts.trainers("cpu", 1, 4, "bf16")
    assert gpu_cohorts.estimated(one, 3)["estimated_bytes"] > 3 * one.feed.resident.nbytes


@pytest.mark.slow
def test_cohorts_are_timed_and_compared(tmp_path):
    found = run(tmp_path / "gpu.json", "--part", "speed", "correct", "sizes", "trials")["parts"]
    one = found["speed"]["found"]["3 of width 4, bf16"]
    assert min(one["alone_ms"], one["plain_ms"], one["fused_ms"], one["estimated_bytes"]) > 0
    assert one["fused_times_the_sequence"] == 3 * one["alone_ms"] / one["fused_ms"]
    assert found["correct"]["found"]["members, fused"]["worst"] < 1e-4
    assert found["correct"]["found"]["members of their own settings"]["of_a_rounding"] > 0
    assert (
        found["sizes"]["found"].keys() == found["trials"]["found"].keys() == {"3 of width 4, bf16"}
    )


def test_members_are_compared_with_themselves():
    assert gpu_cohorts.equal_numbers("cpu")
    names = [name for name, _ in gpu_cohorts.correct("cpu", Clock(1.0))]
    assert names == ["numbers", "members, plain", "members, fused", "members of their own settings"]


SERVER = """\
#!/bin/sh
echo "$@ $(cat) $CUDA_MPS_PIPE_DIRECTORY" >> {log}
exit {rc}
"""


@pytest.mark.parametrize("rc", [0, 1])
def test_processes_share_a_server_that_is_ended_again(tmp_path, monkeypatch, rc):
    log, control = tmp_path / "log", tmp_path / "nvidia-cuda-mps-control"
    control.write_text(SERVER.format(log=log, rc=rc))
    control.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    asked: list[Any] = []
    monkeypatch.setattr(gpu_processes, "shared", lambda *given: asked.append(given) or {})
    found = gpu_processes.by_server("cpu", 2, 4, 0.1)
    said = [line.split() for line in log.read_text().splitlines()]
    if rc:
        assert found["none"].startswith(f"{control} -d ended with 1")
        assert not asked
        return
    pipe = asked[0][-1]["CUDA_MPS_PIPE_DIRECTORY"]
    assert said == [["-d", pipe], ["quit", pipe]]
    assert not Path(pipe).exists()


def test_without_a_server_that_is_said(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert gpu_processes.by_server("cpu", 2, 4, 0.1) == {"none": "no nvidia-cuda-mps-control here"}


ONE = """\
import json, sys
print("ready", flush=True)
assert sys.stdin.readline() == "go\\n"
print(json.dumps({"iterations": 30, "seconds": 10.0}))
"""


def test_processes_begin_when_all_are_ready(tmp_path, monkeypatch):
    (tmp_path / "stand_in.py").write_text(ONE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(gpu_processes, "__name__", "stand_in")
    found = gpu_processes.shared("cpu", 3, 64, 10.0)
    assert found["iterations_per_second"] == 9.0
    assert found["ms_of_all"] == pytest.approx(1000 / 3)


@pytest.fixture
def made_up(monkeypatch) -> None:
    """A part of three works, of which the second fails and the third differs."""

    def fails() -> dict[str, Any]:
        raise RuntimeError("no such kernel")

    works = [("one", lambda: {"n": 1}), ("two", fails), ("three", lambda: {"alike": False})]
    monkeypatch.setattr(Part, "works", lambda *_: iter(works))


def test_what_fails_or_differs_is_told_and_the_next_is_done(made_up, tmp_path, capsys):
    to = tmp_path / "gpu.json"
    words = ["--device", "cpu", "--here", "--part", "speed", "--to", str(to)]
    assert gpu.main(words) == 1
    found = json.loads(to.read_text())["parts"]["speed"]["found"]
    assert list(found) == ["one", "two", "three"]
    told = capsys.readouterr().out
    assert "speed, two: RuntimeError: no such kernel" in told
    assert "speed, three: differs" in told


def test_what_there_is_no_time_for_is_said_and_done_by_the_next_run(made_up, tmp_path):
    kept: list[dict[str, Any]] = []
    part = gpu_parts.worked("speed", "cpu", 0.0, kept.append)
    assert list(part["found"]) == ["one"]
    assert part["skipped"] == ["two", "three"]
    assert kept
    to = tmp_path / "gpu.json"
    to.write_text(json.dumps({"parts": {"speed": part | {"found": {"one": {"n": 2}}}}}))
    words = ["--device", "cpu", "--here", "--part", "speed", "--to", str(to), "--go-on"]
    assert gpu.main(words) == 1
    found = json.loads(to.read_text())["parts"]["speed"]["found"]
    assert list(found) == ["one", "two", "three"]
    assert found["one"] == {"n": 2}
    assert not gpu.whole(json.loads(to.read_text())["parts"]["speed"])  # as some of it failed
    assert gpu.whole({"found": {"one": {}}, "skipped": []})
    assert not gpu.whole({"found": {"one": {}}, "skipped": ["two"]})
    assert not gpu.whole(None)


KILLED = """\
import json, sys, time
from pathlib import Path
to = Path(sys.argv[sys.argv.index("--to") + 1])
part = {"found": {"one": {"n": 1}}, "skipped": []}
to.write_text(json.dumps({"device": "Card", "parts": {"speed": part}}))
time.sleep(600)
"""


def test_a_part_that_is_ended_loses_nothing_of_what_it_found(tmp_path, monkeypatch):
    script = tmp_path / "script"
    script.write_text(f"#!{sys.executable}\n{KILLED}")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    begun, to = time.monotonic(), tmp_path / "part.json"
    part, told = {}, {}
    while not part.get("found"):  # the script may not have begun
        part, told = gpu.apart("speed", [], 2.0, to)
    assert part["found"] == {"one": {"n": 1}}
    assert part["ended"] == "ended after 2 s"
    assert told == {"device": "Card"}
    assert gpu_parts.trouble({"speed": part}) == ["speed: ended after 2 s"]
    assert time.monotonic() - begun < 500  # it was not waited for


def test_a_part_ends_with_whoever_began_it(tmp_path, monkeypatch):
    script = tmp_path / "script"
    script.write_text(f"#!{sys.executable}\n{KILLED}")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    wait, begun = subprocess.Popen.wait, []

    def ended(child: Any, limit: float) -> Any:
        if not begun:
            begun.append(child)
            raise SystemExit  # as by a signal
        return wait(child, limit)

    monkeypatch.setattr(subprocess.Popen, "wait", ended)
    with pytest.raises(SystemExit):
        gpu.apart("speed", [], 600.0, tmp_path / "part.json")
    assert begun[0].poll() is not None


@pytest.fixture
def limits(monkeypatch) -> list[tuple[float, float]]:
    """Seconds that each part was told, and after which it was to be ended; nothing is done."""
    found: list[tuple[float, float]] = []

    def apart(_: str, words: list[str], limit: float, to: Path) -> Any:
        found.append((float(words[words.index("--budget") + 1]), limit))
        return {"found": {}, "skipped": []}, {}

    monkeypatch.setattr(gpu, "apart", apart)
    return found


def test_every_part_may_finish_a_work(limits, tmp_path):
    gpu.main(["--device", "cpu", "--to", str(tmp_path / "gpu.json"), "--budget", "300"])
    assert len(limits) == len(PARTS)
    assert all(most - told == pytest.approx(gpu.GRACE, abs=0.1) for told, most in limits)
    assert limits[-1][1] < 300


def test_what_a_run_was_measured_on_stays_when_another_goes_on(limits, tmp_path):
    to = tmp_path / "gpu.json"
    run = {"device": "Card", "parts": {"speed": {"found": {"one": {}}, "skipped": []}}}
    to.write_text(json.dumps(run))
    gpu.main(["--device", "cpu", "--to", str(to), "--go-on"])
    assert len(limits) == len(PARTS) - 1
    found = json.loads(to.read_text())
    assert found["device"] == "Card"
    assert found["parts"]["speed"] == run["parts"]["speed"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"parts": {"speed": {}}}', '{"parts": {}}'])
def test_a_damaged_file_is_refused_in_a_line(tmp_path, capsys, text):
    to = tmp_path / "gpu.json"
    to.write_text(text)
    assert gpu.main(["--merge", str(to)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    if text != '{"parts": {}}':
        assert gpu.main(["--device", "cpu", "--to", str(to), "--go-on"]) == 2
    assert to.read_text() == text


def test_a_run_takes_the_place_of_parts_that_it_found_anything_of(tmp_path):
    before = {"device": "Some Card", "cohorts": 1, "speed": {"found": {"old": 1}}, "sizes": 2}
    (tmp_path / "some-card.json").write_text(json.dumps(before))
    parts = {
        "speed": {"found": {"new": {}}, "skipped": [], "seconds": 1.0},
        "sizes": {"found": {"two": {"failed": "why"}}, "skipped": [], "ended": "ended after 2 s"},
        "correct": {"found": {}, "skipped": [], "ended": "ended after 2 s"},
    }
    run = {
        "device": "Some Card",
        "created": "today",
        "command": "python",
        "seconds": 3,
        "parts": parts,
    }
    path = gpu.merged(run, tmp_path)
    assert json.loads(path.read_text()) == before | {
        "speed": {"created": "today", "command": "python"} | parts["speed"]
    }


def test_what_it_cannot_run_on_is_said(monkeypatch, capsys):
    monkeypatch.setitem(gpu.NEEDED, "no_such_module.inner", "no-such-package")
    assert gpu.main(["--device", "cpu"]) == 2
    assert "needs no-such-package" in capsys.readouterr().err


def test_losses_that_are_no_numbers_are_far_apart():
    assert gpu_families.far(1.0, 1.5) == 0.25
    assert gpu_families.far(1.0, float("nan")) == float("inf")


def test_a_budget_is_shared_among_those_to_come():
    clock = Clock(0.0)
    assert clock.share(3)()
    assert not Clock(1e6).share(1000)()


def test_every_part_is_there():
    for name, part in PARTS.items():
        assert next(part.works("cpu", Clock(1.0)))[0], name
