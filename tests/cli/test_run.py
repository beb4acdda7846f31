"""`ganray run`: from nothing to a report, a second time, in part, interrupted, damaged, further."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest
import torch

from ganray.drivers.showing import prospect
from ganray.plan import Plan
from ganray.runs.records.record import find_run
from ganray.stages import run_whole
from ganray.stages.workspace import Workspace
from ganray.store import Store
from ganray.studies import read_study
from ganray.train.gan import GanTrainer
from tests.cli.command import (
    CHEAP,
    SMALL,
    Answer,
    files_below,
    finish,
    ganray,
    start,
    start_python,
    wait_for_line,
)
from tests.stages.stores import copied, flip_a_byte
from tests.tiny import digests

LOCAL = ("--runner", "local")
GANS = ("train/joint/0+1+2/0", "train/marginal/0/0", "train/marginal/1+2/0")
ALONE = ("--only", "train")
"""For tests of the GANs: nothing is drawn, measured or reported."""
ITERATIONS = 4  # of the tiny study


@pytest.fixture(autouse=True)
def untimed(monkeypatch) -> None:
    """The step that is timed before a run is none of its iterations."""
    monkeypatch.setattr(prospect, "training_speed", lambda plan, gan: 3e9)


@pytest.fixture
def with_data(tiny_run, tmp_path) -> Store:
    """A store that holds the data set and the encoder."""
    return copied(tiny_run, tmp_path / "store", "data", "encoder")


def run(file, url: str, *words: object) -> Answer:
    return ganray("run", file, *LOCAL, "--store", url, *words)


def plan_of(file, *changes: str) -> Plan:
    return read_study(str(file), [word for word in changes if word != "--set"]).plan()


def gan_digests(store: Store, plan: Plan) -> list[str]:
    found = digests(store, plan)
    return [found[plan.roles[role]] for role in GANS]


def test_one_command_runs_everything_and_ends_with_the_report(finished, tiny_run):
    """The artifacts are those that the runner alone makes."""
    answer = finished.answer
    assert answer.code == 0
    assert Path(answer.last).read_text().lstrip().startswith("<!DOCTYPE html>")
    assert f"{len(tiny_run.plan.tasks)} tasks done, 0 reused, 0 failed" in answer.out
    assert digests(finished.store, tiny_run.plan) == digests(tiny_run.store, tiny_run.plan)


def test_the_first_lines_say_what_is_done_and_the_last_how_to_see_it(finished):
    what, how_long, where = finished.answer.err.splitlines()[:3]
    assert "28 tasks to do: 1 data set, 3 GANs of 4 iterations, 1 classifier, " in what
    assert how_long.startswith("about ")
    assert where.startswith(f"results go to {finished.url}, the report to ")
    way, path = finished.answer.out.splitlines()[-2:]
    assert path == finished.answer.last
    assert f"open {path}, or file://{path}" in way


def test_progress_goes_line_by_line_to_the_error_stream(finished):
    lines = finished.answer.err.splitlines()
    for title in ("joint r0", "class 0 r0", "class 1+2 r0", "encoder"):
        assert f"{title}: done" in lines
    assert "\x1b" not in finished.answer.err + finished.answer.out


def test_a_second_run_does_nothing_and_needs_neither_ray_nor_torch(finished):
    """Whatever the runner; the store is left as it was, to the modification times."""
    files = {path: Path(finished.url, path).stat().st_mtime_ns for path in _files(finished)}
    code = "import sys; sys.modules |= {'ray': None, 'torch': None}\nfrom ganray.cli import main\n"
    words = ("run", finished.file, "--store", finished.url, "--runner", "ray")
    answer = finish(start_python(["-c", f"{code}main(sys.argv[1:])"], *words))
    assert answer.code == 0, answer
    assert "nothing to do, all 28 tasks are in the store" in answer.out
    assert answer.last == finished.answer.last
    assert files == {path: Path(finished.url, path).stat().st_mtime_ns for path in _files(finished)}


def _files(finished) -> set[str]:
    return files_below(finished.url)


def test_the_result_as_json(finished):
    answer = run(finished.file, finished.url, "--json")
    assert answer.code == 0
    assert answer.err == ""
    assert answer.json["code"] == answer.json["done"] == 0
    assert answer.json["reused"] == 28
    assert answer.json["report"] == finished.answer.last


def test_a_lost_report_is_written_again(copy):
    report = next(Path(copy.url).rglob("index.html"))
    report.unlink()
    answer = run(copy.file, copy.url)
    assert (answer.code, answer.last) == (0, str(report))
    assert report.is_file()


def test_a_flipped_byte_is_named_and_superseded_with_what_depends_on_it(copy):
    store, plan = copy.store, find_run(copy.store, "tiny").plan
    before = digests(store, plan)
    flip_a_byte(store, store.manifest(plan.roles["targets"]).file("targets.safetensors").path)
    assert ganray("store", "verify", copy.url).code == 1
    assert "nothing to do" in run(copy.file, copy.url).out  # sizes alone do not show it
    answer = run(copy.file, copy.url, "--verify")
    assert answer.code == 0, answer
    assert "3 tasks done, 25 reused" in answer.out  # the targets and both searches
    for role in ("targets", "search/joint", "search/0"):
        assert store.manifest(plan.roles[role]).generation == 1
    assert store.manifest(plan.roles["encoder"]).generation == 0
    assert digests(store, plan) == before
    assert ganray("store", "verify", copy.url).code == 0
    assert "nothing to do" in run(copy.file, copy.url, "--verify").out


def test_one_gan_that_diverges_costs_its_own_part_alone(
    with_data, tiny_study, tiny_run, monkeypatch
):
    """Exit code 3; the report and the status name it; the next run makes up for it."""
    advance = GanTrainer.advance

    def sick(trainer):
        losses = advance(trainer)
        alone = len(trainer.feed.resident) == 40  # class 0
        return losses * torch.nan if alone else losses

    with monkeypatch.context() as broken:
        broken.setattr(GanTrainer, "advance", sick)
        answer = run(tiny_study, with_data.url, *CHEAP)
        as_json = run(tiny_study, with_data.url, *CHEAP, "--json")
    assert answer.code == as_json.code == 3
    (first, *_) = [line for line in answer.out.splitlines() if line.startswith("failed: ")]
    assert first.startswith("failed: class 0 r0: critic_loss became nan in iteration 1")
    score = "class_divergence of marginal r0 on classifier"
    assert f"failed: {score}: not possible without" in answer.out
    assert "class 0 r0: failed: critic_loss became nan" in answer.err
    assert "Traceback" not in answer.err
    assert as_json.json["failed"]["class 0 r0"].startswith("critic_loss became nan")
    html = Path(answer.last).read_text()
    assert "class 0 r0" in html
    assert "critic_loss became nan in iteration 1" in html
    status = ganray("status", "tiny", "--store", with_data.url).out
    assert any(
        line.startswith("failed") and "class 0 r0" in line and "became nan" in line
        for line in status.splitlines()
    )
    mended = run(tiny_study, with_data.url, *CHEAP)
    assert mended.code == 0, mended
    assert "0 failed" in mended.out
    assert gan_digests(with_data, tiny_run.plan) == gan_digests(tiny_run.store, tiny_run.plan)
    assert "became nan" not in Path(mended.last).read_text()


def test_a_full_store_ends_the_run_in_one_line_and_the_same_command_goes_on(
    with_data, tiny_study, tiny_run, monkeypatch
):
    link = os.link

    def full(source, target):
        if "/artifacts/train/" in str(target):
            raise OSError(errno.ENOSPC, "no space")
        link(source, target)

    with monkeypatch.context() as disk:
        disk.setattr(os, "link", full)
        answer = run(tiny_study, with_data.url, *CHEAP, *ALONE)
    assert answer.code == 1, answer
    last = answer.err.splitlines()[-1]
    assert last.startswith(f"error: store {with_data.url}: no space left on the device")
    assert "tasks are done, and what was committed is kept. Resume with the same command" in last
    assert "failed" not in answer.err + answer.out
    assert "Traceback" not in answer.err
    assert run(tiny_study, with_data.url, *CHEAP, *ALONE).code == 0
    assert gan_digests(with_data, tiny_run.plan) == gan_digests(tiny_run.store, tiny_run.plan)


def test_when_no_gan_is_trained_the_run_has_failed(with_data, tiny_study):
    answer = run(tiny_study, with_data.url, *CHEAP, "--set", "train.learning_rate=1e30")
    assert answer.code == 1, answer
    assert answer.out.count("the last good checkpoint is kept") == 3


def test_debug_shows_where_a_task_failed(with_data, tiny_study, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("by hand")

    monkeypatch.setattr(GanTrainer, "advance", broken)
    plain = run(tiny_study, with_data.url, *CHEAP)
    assert plain.code == 1
    assert "joint r0: failed: ZeroDivisionError: by hand" in plain.err
    assert "Traceback" not in plain.err
    assert "in broken" in run(tiny_study, with_data.url, *CHEAP, "--debug").err


def test_training_longer_goes_on_from_the_checkpoint(copy, tmp_path, iterations):
    """Two iterations more of each GAN give what six in one go give."""
    longer = (*CHEAP, "--set", "budget.iterations=6")
    answer = run(copy.file, copy.url, *longer, *ALONE)
    assert answer.code == 0, answer
    assert sorted(iterations) == [4, 4, 4, 5, 5, 5]
    plan = plan_of(copy.file, *longer)
    fresh = Store(str(tmp_path / "fresh"))
    run_whole(Workspace(fresh, plan.task("data")))
    for role in GANS:
        run_whole(Workspace(fresh, plan.task(role)))
    assert len(iterations) == 6 + 18
    assert gan_digests(copy.store, plan) == gan_digests(fresh, plan)


def test_training_less_uses_no_later_checkpoint(copy, iterations):
    shorter = (*CHEAP, "--set", "budget.iterations=3")
    assert run(copy.file, copy.url, *shorter, *ALONE).code == 0
    assert sorted(iterations) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_training_goes_on_after_gc(copy, iterations):
    assert ganray("store", "gc", copy.url, "--older-than", "0", "--delete").code == 0
    assert run(copy.file, copy.url, *CHEAP, *ALONE, "--set", "budget.iterations=5").code == 0
    assert iterations == [4, 4, 4]


def test_more_restarts_add_chunks_and_change_none(copy, monkeypatch):
    from ganray.stages.searching import search

    searched: list[int] = []
    search_chunk = search.search_chunk

    def counted(generator, targets, spec, seed, index):
        searched.append(index)
        return search_chunk(generator, targets, spec, seed, index)

    monkeypatch.setattr(search, "search_chunk", counted)
    answer = run(copy.file, copy.url, "--set", "search.restarts=4")
    assert answer.code == 0, answer
    assert "2 tasks done, 26 reused" in answer.out
    assert searched == [4, 4]  # 8 targets × 4 restarts in chunks of 7; four were there


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_stop_keeps_everything_and_the_same_command_goes_on(
    number, with_data, tiny_study, tiny_run, iterations, monkeypatch
):
    """The signal comes in the second iteration of a marginal GAN."""
    counted = GanTrainer.advance

    def interrupted(trainer):
        losses = counted(trainer)
        if len(iterations) == ITERATIONS + 2:
            os.kill(os.getpid(), number)
        return losses

    handled = signal.getsignal(number)
    with monkeypatch.context() as stopping:
        stopping.setattr(GanTrainer, "advance", interrupted)
        answer = run(tiny_study, with_data.url, *CHEAP, *ALONE)
    assert answer.code == 4, answer
    last = answer.err.splitlines()[-1]
    assert last.startswith("error: ")
    for text in ("stopped", "checkpoint is kept", "Resume with the same command"):
        assert text in last
    assert signal.getsignal(number) == handled
    assert "checkpoint at 2 of 4" in ganray("status", "tiny", "--store", with_data.url).out

    assert run(tiny_study, with_data.url, *CHEAP, *ALONE).code == 0
    assert len(iterations) == 3 * ITERATIONS
    assert gan_digests(with_data, tiny_run.plan) == gan_digests(tiny_run.store, tiny_run.plan)


@pytest.mark.chaos
def test_ctrl_c_of_a_process_and_its_resumption_give_the_undisturbed_weights(
    with_data, tiny_study, tmp_path
):
    many = (*CHEAP, *SMALL, "--set", "budget.iterations=100000")
    process = start("run", tiny_study, *LOCAL, "--store", with_data.url, *many, *ALONE)
    wait_for_line(process, "joint r0: ")
    process.send_signal(signal.SIGINT)
    stopped = finish(process)
    assert stopped.code == 4, stopped
    assert "Traceback" not in stopped.err
    assert "Resume with the same command" in stopped.err
    joint = plan_of(tiny_study, *many).task(GANS[0])
    kept = with_data.latest_checkpoint(joint.trajectory, 100_000)
    assert kept is not None

    shorter = (*many[:-1], f"budget.iterations={kept.step + 5}")
    plan = plan_of(tiny_study, *shorter)
    joint = plan.task(GANS[0])
    run_whole(Workspace(with_data, joint))
    fresh = Store(with_data.url + "-fresh")
    run_whole(Workspace(fresh, plan.task("data")))
    run_whole(Workspace(fresh, joint))
    assert fresh.manifest(joint.address).digest == with_data.manifest(joint.address).digest


def test_a_second_ctrl_c_does_not_wait(with_data, tiny_study, monkeypatch):
    def impatient(trainer):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("not reached")

    monkeypatch.setattr(GanTrainer, "advance", impatient)
    answer = run(tiny_study, with_data.url, *CHEAP)
    assert answer.code == 4
    assert "error: stopped" in answer.err


def test_a_part_alone_and_then_the_rest(tiny_study, tiny_run, tmp_path, iterations):
    """The report comes with the last part; the GANs of the first are not trained again."""
    store = copied(tiny_run, tmp_path / "store", "data", "encoder")
    trained = run(tiny_study, store.url, *CHEAP, "--only", "train")
    assert trained.code == 0, trained
    assert trained.last.startswith("tiny-")
    assert "3 tasks done" in trained.last
    assert not (tmp_path / "store" / "reports").exists()
    left = "; still to do: 3 sets of samples, 3 scores, 3 model cards: ganray run "
    assert left in trained.last
    again = run(tiny_study, store.url, *CHEAP, "--only", "train")
    assert ": train: nothing to do, all of it is in the store" in again.last
    assert left in again.last
    assert len(iterations) == 3 * ITERATIONS
    whole = run(tiny_study, store.url, *CHEAP)
    assert whole.code == 0, whole
    assert whole.last.endswith("index.html")
    assert len(iterations) == 3 * ITERATIONS
