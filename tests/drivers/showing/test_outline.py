"""What a run says before and after: counts, an estimate that is honest, the way to the report."""

from __future__ import annotations

import sys

import pytest

from ganray.cost.estimate import operations
from ganray.drivers.runs.ending import how_to_look
from ganray.drivers.showing import prospect
from ganray.drivers.showing.outline import about, counted, opening, still_to_do
from ganray.drivers.showing.prospect import SpeedKnown
from ganray.runs.agenda import Agenda
from ganray.store import Store
from tests.runs.simulated import task
from tests.stages.stores import copied


@pytest.fixture
def empty(tiny_run, tmp_path) -> Agenda:
    return Agenda.open(tiny_run.plan, Store(str(tmp_path)))


def test_the_first_lines_say_what_how_long_and_where(tiny_run, empty, tmp_path):
    prospect = SpeedKnown(speed=1e9, workers=2)
    what, long, where = opening(empty, prospect, operations(empty.plan))
    run = tiny_run.plan.run
    assert what == (
        f"{run}: 28 tasks to do: 1 data set, 3 GANs of 4 iterations, 1 classifier, 3 sets of "
        "samples, 9 scores, 2 searches, 3 model cards"
    )
    assert long.startswith("about ")
    assert " on 2 cores like this one's, by a short timing just now; Ctrl-C stops" in long
    assert where == f"results go to {tmp_path}, the report to {tmp_path}/reports/{run}/index.html"


def test_what_is_stored_or_not_asked_for_is_not_to_be_done(tiny_run, tmp_path):
    store = copied(tiny_run, tmp_path, "data", "train", "encoder")
    what, *_ = opening(
        Agenda.open(tiny_run.plan, store), SpeedKnown(1e9, 1), operations(tiny_run.plan)
    )
    assert "tasks to do, 5 of the study's 28 are stored: 3 sets of samples, " in what
    assert "GAN" not in what
    alone = Agenda.open(tiny_run.plan, Store(str(tmp_path / "none")), only="train")
    what, *_ = opening(alone, SpeedKnown(1e9, 1), operations(tiny_run.plan))
    assert what.endswith(": 4 tasks to do: 1 data set, 3 GANs of 4 iterations")


def test_more_workers_and_faster_ones_take_less_time(empty):
    slow, twice, fast = SpeedKnown(1e8, 1), SpeedKnown(1e8, 2), SpeedKnown(2e10, 1)
    seconds = [prospect.seconds(empty, operations(empty.plan)) for prospect in (slow, twice, fast)]
    assert seconds[0] > seconds[1] > 0
    assert seconds[0] > seconds[2] > 0


def test_work_that_was_begun_is_estimated_by_its_rest(tiny_run, tmp_path, empty):
    store = copied(tiny_run, tmp_path / "begun", "data", "encoder")
    flops = operations(tiny_run.plan)
    attempt = store.claim_attempt(tiny_run.plan.task("train/joint/0+1+2/0").trajectory)
    before = SpeedKnown(1e6, 1).seconds(Agenda.open(tiny_run.plan, store), flops)
    attempt.checkpoint(3, {"state": b"kept"}, {})
    after = SpeedKnown(1e6, 1).seconds(Agenda.open(tiny_run.plan, store), flops)
    assert after < before


def test_a_local_ray_is_told_with_its_cores_and_a_store_with_its_caution(empty, monkeypatch):
    there = SpeedKnown(None, 2, own="a local Ray on 2 of this machine's 16 cores")
    monkeypatch.setattr(empty.store.files, "caution", lambda: "store: no links")
    told = opening(empty, there, {})[3:]
    assert told == ["a local Ray on 2 of this machine's 16 cores", "store: no links"]


def test_a_speed_that_cannot_be_timed_here_is_not_invented(tiny_run, empty, monkeypatch):
    resources = tiny_run.study.resources
    monkeypatch.setattr(prospect, "training_speed", lambda plan, gan: 3e9)
    there = SpeedKnown.here(empty, resources, "ray", "auto")
    assert there.speed is None
    assert "is told once the work is under way" in opening(empty, there, {})[1]
    monkeypatch.setattr(prospect, "_on_gpu", lambda resources: True)
    assert SpeedKnown.here(empty, resources, "local", None).speed is None
    monkeypatch.setattr(prospect, "_on_gpu", lambda resources: False)
    assert SpeedKnown.here(empty, resources, "local", None) == SpeedKnown(3e9, 1, 0.0)
    monkeypatch.setattr(prospect, "cores_given", lambda: 8)
    assert SpeedKnown.here(empty, resources, "ray", None).workers == 8
    two = resources.model_copy(update={"num_cpus": 2.0})
    assert SpeedKnown.here(empty, two, "ray", None).workers == 4


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (2.0, "about 10 seconds"),
        (44.0, "about 40 seconds"),
        (100.0, "about 2 minutes"),
        (431.0, "about 7 minutes"),
        (9000.0, "about 2.5 hours"),
        (864_000.0, "about 10 days"),
    ],
)
def test_an_estimate_is_told_as_one(seconds, said):
    assert about(seconds) == said


def test_trainings_of_several_lengths_are_one_number_and_a_span():
    gans = [task("train", str(n), horizon=100 * n) for n in (1, 2, 4)]
    assert counted(gans) == "3 GANs of 100 to 400 iterations"
    assert counted([task("search", "s")]) == "1 search"
    assert counted([task("targets", "t")]) == "1 steps between stored results"


def test_what_a_part_leaves_is_named_with_the_command(tiny_run, tmp_path):
    store = copied(tiny_run, tmp_path, "data", "train", "encoder")
    left = still_to_do(Agenda.open(tiny_run.plan, store), "my study.yaml")
    assert left.startswith("still to do: 3 sets of samples, 9 scores, 2 searches, ")
    assert "ganray run 'my study.yaml' (the same command without --only)" in left
    assert still_to_do(Agenda.open(tiny_run.plan, tiny_run.store), "x.yaml") is None


@pytest.mark.parametrize(("platform", "command"), [("linux", "xdg-open"), ("darwin", "open")])
def test_the_way_to_the_report(platform, command, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    said = how_to_look("/a b/index.html")
    assert f": {command} '/a b/index.html', or file:///a%20b/index.html" in said
    assert how_to_look("file:///s/index.html").endswith(
        f"{command} /s/index.html, or file:///s/index.html"
    )
    assert f": {command} '/a b/i.html', or file:///a%20b/i.html" in how_to_look(
        "file:///a%20b/i.html"
    )
    assert "download" in how_to_look("s3://bucket/reports/x/index.html")
