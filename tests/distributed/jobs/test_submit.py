"""Which job a submission becomes, what travels with it, and what its end means."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field

import pytest

from ganray.distributed.jobs.client import Job, reach
from ganray.distributed.jobs.submit import Parcel, Purpose, exit_code, find
from ganray.errors import RefusedInput

MARK = Purpose("mnist", "a" * 32, "s3://bucket/prefix")
OTHER = Purpose("mnist", "b" * 32, "s3://bucket/prefix")


def job(name: str, mark: Purpose | None, status: str, code: int | None = None) -> Job:
    return Job(
        submission_id=name,
        status=status,
        metadata=None if mark is None else mark.metadata,
        driver_exit_code=code,
    )


@dataclass
class Listed:
    """A client of a cluster with these jobs."""

    jobs: list[Job] = field(default_factory=list)

    def all(self) -> list[Job]:
        return self.jobs


_find = inspect.unwrap(find)  # unchecked: `Listed` is no `Jobs`


def placed(*jobs: Job, mark: Purpose = MARK, base: str | None = None) -> tuple[str, bool]:
    return _find(Listed(list(jobs)), mark, base or mark.base)


def test_the_first_attempt_is_named_after_the_plan():
    assert placed() == (MARK.base, False)
    assert MARK.base.startswith("mnist-aaaaaaaaaaaa-")
    elsewhere = Purpose("mnist", "a" * 32, "s3://bucket/other")
    part = Purpose("mnist", "a" * 32, "s3://bucket/prefix", "train")
    assert len({MARK.base, elsewhere.base, part.base, OTHER.base}) == 4


@pytest.mark.parametrize("status", ["PENDING", "RUNNING"])
def test_a_running_job_of_the_same_run_is_followed(status):
    assert placed(job(MARK.base, MARK, status)) == (MARK.base, True)
    assert placed(job("mine-3", MARK, status)) == ("mine-3", True)


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "STOPPED"])
def test_a_finished_job_gets_another_attempt(status):
    first = job(MARK.base, MARK, status)
    assert placed(first) == (f"{MARK.base}-2", False)
    third = job(f"{MARK.base}-3", MARK, status)
    assert placed(first, third) == (f"{MARK.base}-4", False)
    assert placed(first, third, base="mine") == ("mine", False)


def test_a_study_changed_while_it_runs_is_refused():
    with pytest.raises(RefusedInput) as refused:
        placed(job(OTHER.base, OTHER, "RUNNING"))
    for said in (OTHER.base, "bbbbbbbbbbbb", "aaaaaaaaaaaa", "--stop", "another name"):
        assert said in str(refused.value)
    assert placed(job(OTHER.base, OTHER, "FAILED")) == (MARK.base, False)


def test_an_id_that_runs_something_else_is_refused():
    foreign = job("mine", None, "RUNNING")
    assert placed(foreign) == (MARK.base, False)
    with pytest.raises(RefusedInput, match="'mine' is running something else"):
        placed(foreign, base="mine")


def test_other_studies_and_other_stores_may_run_beside_it():
    another = Purpose("cifar", "c" * 32, MARK.store)
    elsewhere = Purpose("mnist", "b" * 32, "s3://bucket/other")
    running = [job(m.base, m, "RUNNING") for m in (another, elsewhere)]
    assert placed(*running) == (MARK.base, False)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("SUCCEEDED", 0, 0),
        *(("FAILED", code, code) for code in (1, 2, 3, 4)),
        ("FAILED", 127, 1),
        ("FAILED", -9, 1),
        ("FAILED", None, 1),
        ("STOPPED", None, 4),
    ],
)
def test_the_exit_code_is_the_drivers(status, code, expected):
    assert exit_code(job("x", MARK, status, code)) == expected


@pytest.mark.parametrize(
    "address",
    ["auto", "ray://host:10001", "http://host", "http://host:port", "ftp://host:1", "", None],
)
def test_what_is_no_dashboard_is_refused_before_any_request(address):
    with pytest.raises(RefusedInput, match=r"--address .*dashboard"):
        reach(address)


def test_nobody_there_is_one_line():
    with pytest.raises(RefusedInput, match=r"'http://127.0.0.1:9'.*connection refused"):
        reach("127.0.0.1:9")


def test_a_parcel_is_the_study_and_the_package(tmp_path):
    (tmp_path / "study.yaml").write_text("name: x\n")
    parcel = Parcel(tmp_path)
    described = parcel.runtime_env({"AWS_REGION": "eu"})
    assert described["env_vars"] == {"RAY_JOB_STOP_WAIT_TIME_S": "150", "AWS_REGION": "eu"}
    assert described["py_modules"][0].endswith("/ganray")
    assert 1e6 < parcel.bytes < 5e6
    bare = Parcel(tmp_path, installed=True)
    assert "py_modules" not in bare.runtime_env({})
    assert bare.bytes == 8
