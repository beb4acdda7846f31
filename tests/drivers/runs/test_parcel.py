"""What a job takes along of a study or a sweep, and what it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganray.drivers.runs.parcel import command_of, local_paths, parcel, purpose, read_given
from ganray.errors import RefusedInput
from ganray.sweeps import SweepFile, read_sweep
from tests.sweeps.files import sweep_file

STORE = "/shared/store"


@pytest.fixture
def file(tiny_study: Path, tmp_path: Path) -> str:
    return sweep_file(tiny_study, tmp_path)


def test_a_sweep_is_known_by_its_trials_and_taken_along_with_its_overrides(file):
    over = ["sweep.trials=3", "cost.max_cost=5", "resources.attempts=2"]
    given = read_given(file, over, STORE, None)
    assert isinstance(given, SweepFile)
    with parcel(given) as taken:
        assert read_given(str(taken), [], STORE, None).settings == given.settings
        again = read_sweep(str(taken))
    assert again.name == read_sweep(file, over).name
    mark = purpose(given, STORE, None)
    assert again.name == f"{mark.study}-{mark.plan[:12]}"
    assert command_of(given, "sweep.yaml", STORE, None)[3:] == [
        *("sweep", "sweep.yaml", "--address", "auto", "--store", STORE)
    ]
    assert local_paths(given) == [str(Path(file).with_name("digits.parquet"))]


def test_what_is_placement_makes_no_other_job_and_what_is_tried_does(file):
    def plan(*over: str) -> str:
        return purpose(read_given(file, over, STORE, None), STORE, None).plan

    assert plan() == plan("cost.max_hours=1") == plan("resources.num_cpus=2")
    assert plan() != plan("sweep.trials=3")


def test_data_of_the_clusters_own_is_no_hindrance(file):
    Path(file).with_name("digits.parquet").unlink()
    assert len(purpose(read_given(file, [], STORE, None), STORE, None).plan) == 32


def test_a_study_is_taken_along_as_before(tiny_study: Path):
    given = read_given(str(tiny_study), [], STORE, "train")
    with parcel(given) as taken:
        assert read_given(str(taken), [], STORE, None).plan().id == given.plan().id
    mark = purpose(given, STORE, "train")
    assert (mark.plan, mark.part) == (given.plan().id, "train")
    assert command_of(given, "a.yaml", STORE, "train")[3:] == [
        *("run", "a.yaml", "--address", "auto", "--store", STORE, "--only", "train")
    ]


def test_a_sweep_has_no_parts(file):
    with pytest.raises(RefusedInput, match=r"--only \(='train'\) is for studies"):
        read_given(file, [], STORE, "train")
