"""`ganray submit` to a real cluster that wants a token: refusals, one job for one run, its end."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
import typer

from ganray.cli import submit as submitting
from ganray.distributed.jobs import client, follow
from ganray.distributed.jobs import submit as submission
from ganray.distributed.jobs.client import Job, Jobs
from ganray.runs.records.record import find_run
from ganray.store import Store
from ganray.sweeps import read_sweep
from ganray.sweeps.trials import read_trials
from tests import HANG_SECONDS
from tests.cli.command import CHEAP, SMALL, Answer, finish, ganray, start
from tests.head import Head
from tests.stages.stores import begun
from tests.sweeps.files import sweep_file
from tests.tiny import TinyRun

pytestmark = pytest.mark.ray

ONE_BY_ONE = ("--set", "resources.num_cpus=2")
LONG = (*CHEAP, *SMALL, *ONE_BY_ONE, "--set", "budget.iterations=100000")


def begin(head: Head, *words: object, **changes: str) -> subprocess.Popen[str]:
    environment = {name: head.environment[name] for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN")}
    return start(
        *("submit", *words, "--address", head.dashboard),
        environment=environment | changes,
        stdin=subprocess.DEVNULL,
    )


def submit(head: Head, *words: object, **changes: str) -> Answer:
    return finish(begin(head, *words, **changes))


def test_wrong_words_are_refused_before_anything_is_reached(tiny_study, tmp_path):
    address = ("--address", "http://127.0.0.1:9")
    there = ("submit", tiny_study, *address, "--store", tmp_path / "store")
    ganray("submit", tiny_study, *address, "--store", "here").refused("--store (='here')")
    ganray("submit", tiny_study, *address).refused("--store is needed")
    ganray("submit", *address, "--store", tmp_path).refused("STUDY is needed")
    ganray(*there, "--follow", "x").refused("STUDY (=", "--follow")
    attend = ("submit", *address, "--follow", "x")
    ganray(*attend, "--stop", "y").refused("--follow (='x')", "--stop (='y')", "together")
    ganray(*attend, "--only", "train").refused("--only (='train')", "--follow")
    ganray("submit", *address, "--stop", "x", "--store", "/s").refused("--store (='/s')", "--stop")
    ganray("submit", *address, "--stop", "").refused("--stop (='')")
    ganray(*there, "--only", "serach").refused("--only (='serach')")
    ganray(*there, "--env", "NOT_SET_ANYWHERE").refused("--env (='NOT_SET_ANYWHERE')")
    ganray("submit", tmp_path / "no.yaml", *there[2:]).refused("no.yaml", "does not exist")
    ganray(*there, "--set", "model.widht=2").refused("widht", "width")


def test_a_missing_token_a_wrong_one_and_a_wrong_address_are_one_line_each(
    tiny_study, tmp_path, head
):
    words = (tiny_study, "--store", tmp_path / "store")
    nothing = {"RAY_AUTH_MODE": "disabled", "RAY_AUTH_TOKEN": "", "HOME": str(tmp_path)}
    unset = {"RAY_AUTH_TOKEN": "", "HOME": str(tmp_path)}
    begun = [
        begin(head, *words, **changes)
        for changes in (nothing, unset, {"RAY_AUTH_TOKEN": "5ca1ab1e"})
    ]
    unasked, empty, wrong = (finish(process) for process in begun)
    unasked.refused("wants a token", "RAY_AUTH_MODE=token", "RAY_AUTH_TOKEN_PATH")
    empty.refused("wants a token")
    wrong.refused("the token", "is wrong")
    assert "5ca1ab1e" not in wrong.err
    ganray("submit", *words, "--address", "http://127.0.0.1:9").refused("127.0.0.1:9", "refused")
    assert not (tmp_path / "store").exists()


@pytest.mark.slow
def test_a_study_is_submitted_followed_and_not_done_twice(
    tiny_study: Path, tiny_run: TinyRun, tmp_path: Path, head: Head
) -> None:
    """The GANs alone, for time; tests/jobs runs a whole study."""
    words = (tiny_study, "--store", tmp_path / "store", "--only", "train")
    done = submit(head, *words)
    assert done.code == 0, done
    store, plan = Store(str(tmp_path / "store")), tiny_run.plan
    for task in plan.tasks:
        if task.kind == "train":
            assert (
                store.manifest(task.address).digest == tiny_run.store.manifest(task.address).digest
            )
    assert "class 1+2 r0: done" in done.out
    again = submit(head, *words, "--json")
    assert again.code == 0, again
    assert again.json["id"].startswith(f"{plan.run}-")
    assert again.json["id"].endswith("-2")
    assert "nothing to do" in again.err


def test_a_running_study_is_joined_guarded_left_and_stopped(
    tiny_study: Path, tiny_run: TinyRun, tmp_path: Path, head: Head
) -> None:
    """One job: submitted twice at once, changed meanwhile, left by Ctrl-C, stopped, exit code 4."""
    begun(tiny_run, tmp_path / "store")
    words = (tiny_study, "--store", tmp_path / "store", *LONG)
    both = [begin(head, *words, "--no-wait", "--json") for _ in range(2)]
    ids = {finish(process).json["id"] for process in both}
    assert len(ids) == 1
    name = ids.pop()
    changed = begin(head, *words, "--set", "seed=1")
    follower = begin(head, "--follow", name, "--json")
    finish(changed).refused(f"job {name!r} is running study 'tiny'", "another name")
    seen = [next(line for line in follower.stderr if "joint r0: " in line)]
    follower.send_signal(signal.SIGINT)
    left = finish(follower)
    assert left.code == 0, (seen, left)
    assert f"ganray submit --stop {name}" in left.err
    assert json.loads(left.out)["status"] == "left running"
    stopped = submit(head, "--stop", name)
    assert stopped.code == 4, stopped
    assert "every trainer's checkpoint is kept" in stopped.out
    gan = find_run(Store(str(tmp_path / "store")), "tiny").plan.task("train/joint/0+1+2/0")
    kept = Store(str(tmp_path / "store")).latest_checkpoint(gan.trajectory, 100000)
    assert kept is not None
    assert kept.step > 0


class Asked(Jobs):
    """A job that writes on while it is asked whether to stop it, and stops with an error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
        self.written, self.stopped, self.interrupts, self.during = "a line\n", False, 0, ""
        self.answer, self.read = answer, ""
        terminal = SimpleNamespace(isatty=lambda: True)
        monkeypatch.setattr(submitting, "sys", SimpleNamespace(stdin=terminal, stderr=terminal))
        monkeypatch.setattr(submitting.typer, "prompt", self.prompt)
        monkeypatch.setattr(follow, "_POLL_SECONDS", 0.01)

    def prompt(self, text: str, **options: object) -> str:
        self.written += "a line meanwhile\n"
        deadline = time.monotonic() + HANG_SECONDS
        while "meanwhile" not in self.read and time.monotonic() < deadline:
            time.sleep(0.01)  # until the log was brought here
        typer.echo("[question]")
        return self.answer

    @property
    def address(self) -> str:
        return "http://head:8265"

    def info(self, name: str) -> Job:
        if self.read and not self.interrupts:
            self.interrupts += 1
            raise KeyboardInterrupt
        status = "STOPPED" if self.stopped else "RUNNING"
        return Job(submission_id=name, status=status)

    async def tail(self, name: str) -> AsyncIterator[str]:
        told = 0
        while not self.stopped:
            if len(self.written) > told:
                new, told = self.written[told:], len(self.written)
                yield new
                self.read += new
            await asyncio.sleep(0.01)

    def log(self, name: str) -> str:
        return self.written

    def stop(self, name: str) -> None:
        self.written += "error: stopped on request\n"
        self.stopped = True


@pytest.mark.parametrize(("answer", "code"), [("s", 4), ("d", 0)])
def test_the_log_is_silent_while_the_question_stands_and_is_told_once(
    answer, code, monkeypatch, capsys
):
    jobs = Asked(monkeypatch, answer)
    with pytest.raises(typer.Exit) as ended:
        submitting._follow(jobs, "tiny-1", False, [])
    assert ended.value.exit_code == code
    out, err = capsys.readouterr()
    if answer == "s":
        before, after = out.split("[question]\n")
        assert before == "a line\n"
        assert after == "a line meanwhile\nerror: stopped on request\ntiny-1: stopped\n"
    else:
        assert out == "a line\n[question]\n\n"
        assert "tiny-1 is left running" in err


@pytest.mark.parametrize(
    ("where", "words", "said"),
    [
        ("reach", "{study} --store /shared", "stopped; nothing was submitted"),
        ("reach", "--follow tiny-1", "stopped; tiny-1 goes on as it was"),
        ("reach", "--stop tiny-1", "stopped; tiny-1 goes on as it was"),
        ("submit", "{study} --store /shared --id mine", "ganray submit --follow mine --address"),
        ("job_info", "--follow tiny-1", "stopped; tiny-1 goes on as it was"),
        ("find", "{study} --store /shared", "stopped; nothing was submitted"),
    ],
)
def test_ctrl_c_before_a_job_is_followed_says_how_things_stand(
    where, words, said, tiny_study, monkeypatch
):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "reach", lambda _: Asked(monkeypatch, ""))
    monkeypatch.setattr(submission, "find", lambda _jobs, _mark, base: (base, False))
    monkeypatch.setattr(client if where == "reach" else submission, where, interrupted)
    ganray("submit", *words.format(study=tiny_study).split()).broken_off(said, code=4)


@pytest.mark.slow
def test_the_code_of_a_refused_job_is_its_own(tiny_study: Path, tmp_path: Path, head: Head) -> None:
    words = (tiny_study, "--store", tmp_path / "store", *CHEAP, "--set", "resources.num_gpus=1")
    refused = submit(head, *words)
    assert refused.code == 2, refused
    assert "error: resources.num_gpus (=1): " in refused.out
    unknown = submit(head, "--follow", "nonsense")
    unknown.refused("job (='nonsense') is not known", "tiny-")


def states(head: Head) -> dict[str, str]:
    """The status of each job, as the dashboard tells whoever has the token."""
    token = {"Authorization": f"Bearer {head.environment['RAY_AUTH_TOKEN']}"}
    answer = requests.get(f"{head.dashboard}/api/jobs/", headers=token, timeout=HANG_SECONDS)
    return {job["submission_id"]: job["status"] for job in answer.json()}


def wait_for(head: Head, prefix: str, state: str) -> None:
    deadline = time.monotonic() + HANG_SECONDS
    while time.monotonic() < deadline:
        if state in [now for name, now in states(head).items() if name.startswith(prefix)]:
            return
        time.sleep(0.3)
    pytest.fail(f"no {prefix}… came to {state}: {states(head)}")


@pytest.mark.slow
def test_a_doctor_who_is_interrupted_leaves_no_job(
    tiny_study: Path, tmp_path: Path, head: Head
) -> None:
    environment = {name: head.environment[name] for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN")}
    words = (tiny_study, "--address", head.dashboard, "--store", tmp_path / "store")
    doctor = start("doctor", *words, environment=environment)
    wait_for(head, "doctor-", "RUNNING")
    doctor.send_signal(signal.SIGINT)
    assert finish(doctor).code == 4
    wait_for(head, "doctor-", "STOPPED")


@pytest.mark.slow
def test_the_doctor_looks_from_a_job(tiny_study: Path, tmp_path: Path, head: Head) -> None:
    """All is well but for what is asked: a GPU, of a cluster that has none."""
    environment = {name: head.environment[name] for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN")}
    words = ("--address", head.dashboard, "--store", tmp_path / "store", "--json")
    gpu = ("--set", "resources.num_gpus=1")
    answer = finish(start("doctor", tiny_study, *words, *gpu, environment=environment))
    assert answer.code == 2, answer
    found = {check["check"]: check for check in answer.json["checks"]}
    states = {name: check["state"] for name, check in found.items()}
    assert [name for name, state in states.items() if state == "failed"] == ["resources"]
    assert "resources.num_gpus (=1)" in found["resources"]["said"]
    assert {"address", "package", "study", "store", "ray", "nodes", "versions", "data"} <= set(
        found
    )
    assert not (tmp_path / "store" / "artifacts").exists()


@pytest.mark.slow
def test_a_sweep_is_submitted_and_not_done_twice(
    tiny_study: Path, tmp_path: Path, head: Head
) -> None:
    file, url = sweep_file(tiny_study, tmp_path), str(tmp_path / "store")
    words = (file, "--store", url, "--set", "sweep.trials=2")
    done = submit(head, *words)
    assert done.code == 0, done
    sweep = read_sweep(file, ["sweep.trials=2"], url)
    assert len(read_trials(Store(url), sweep.folder)) == 2
    again = submit(head, *words, "--json")
    assert again.code == 0, again
    assert again.json["id"].startswith(f"{sweep.name}-")
    assert "nothing to do" in again.err
