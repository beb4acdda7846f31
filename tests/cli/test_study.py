"""`ganray init | plan | run --dry-run | status | report`, and the settings that are refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
import yaml
from pydantic_core import PydanticUndefined

from ganray.spec import Spec
from ganray.store import Store
from ganray.studies import STUDIES, read_study, study_module
from ganray.studies.marginal_vs_joint import Settings
from tests.cli.command import files_below, finish, ganray, start_python

KINDS = ("data", "train", "encoder", "targets", "search", "embed", "measure", "sample", "card")
IN_WORDS = {
    "data.held_out": "a sixth",
    "evaluate.samples": "as many as are held out",
    "evaluate.weak_below": "0.9 of small grey images",
    "train.ema": "none",
}
"""Defaults of which the value is None, and what the study file says of them."""


def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    monkeypatch.chdir(tmp_path)
    answer = ganray("init", *words)
    assert answer.code == 0, answer
    return answer.out


def documented(text: str) -> dict[str, str]:
    """Dotted path → what stands in the first parentheses of the comment beside it."""
    found, group = {}, ""
    for line in text.splitlines():
        match = re.match(r"(?P<indent> *)(# )?(?P<name>[a-z_0-9]+):(?P<rest>.*)", line)
        if match is None:
            continue
        if not match["indent"]:
            group = match["name"] + "." if match["rest"].strip()[:1] in ("", "#") else ""
        default = re.search(r"# \((?P<value>[^)]*)\)", match["rest"])
        if default:
            found[group + match["name"]] = default["value"]
    return found


def default_of(path: str, settings: type[Spec]) -> object:
    first, *rest = path.split(".")
    value = settings.model_fields[first].get_default(call_default_factory=True)
    assert value is not PydanticUndefined
    for name in rest:  # of the study's own default, which need not be the group's
        value = getattr(value, name)
    return value


def test_init_writes_a_file_that_loads(tmp_path, monkeypatch):
    assert "next: ganray run study.yaml" in written(tmp_path, monkeypatch)
    study = read_study("study.yaml")
    assert study.settings.name == "study"
    assert study.settings.data.source == "embedded"
    assert len([task for task in study.plan().tasks if task.kind == "train"]) == 11


def test_init_names_the_study_after_its_file(tmp_path, monkeypatch):
    written(tmp_path, monkeypatch, "mine")
    assert read_study("mine.yaml").settings.name == "mine"
    answer = ganray("init", "other", "--json")
    assert answer.json == {"study": "other.yaml"}


@pytest.mark.parametrize("name", ["mine.yaml", "mine.yml"])
def test_init_takes_a_files_name_for_what_it_is(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert ganray("init", name, "--json").json == {"study": name}
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert read_study(name).settings.name == "mine"


def test_init_knows_every_study(tmp_path, monkeypatch):
    for name in STUDIES:
        written(tmp_path, monkeypatch, name.replace("_", "-"), "--study", name)
        study = read_study(f"{name.replace('_', '-')}.yaml")
        assert study.settings.study == name
        assert study.plan().study == name
    ganray("init", "other", "--study", "budget_curves").refused("did you mean 'budget_curve'?")
    assert not Path("other.yaml").exists()


def test_init_overwrites_nothing(tmp_path, monkeypatch):
    written(tmp_path, monkeypatch)
    Path("study.yaml").write_text("mine")
    ganray("init").refused("study.yaml exists already")
    assert Path("study.yaml").read_text() == "mine"


def test_init_refuses_a_name_that_no_study_may_have(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ganray("init", "My Study").refused("name (='My Study')")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("study", "least"), [("marginal_vs_joint", 25), ("budget_curve", 15)])
def test_the_study_file_says_the_real_defaults(tmp_path, monkeypatch, study, least):
    """What is in parentheses is what a left-out line means."""
    written(tmp_path, monkeypatch, "--study", study)
    found = documented(Path("study.yaml").read_text())
    assert len(found) >= least
    for path, said in found.items():
        value, first = default_of(path, study_module(study).Settings), said.split(",")[0]
        if isinstance(value, list):  # members of an open list stand there by their words
            value = [getattr(one, "name", one) for one in value]
        if value is None:
            assert said == IN_WORDS[path]
        elif isinstance(value, list):
            assert yaml.safe_load(said) == value, path
        else:
            assert first == str(value) or float(first) == value, path


def test_a_file_without_its_lines_means_the_defaults(tmp_path):
    """And every line that is there may be left out."""
    (tmp_path / "bare.yaml").write_text("study: marginal_vs_joint\n")
    assert read_study(str(tmp_path / "bare.yaml")).settings == Settings()


def test_the_plan_names_every_task_before_anything_is_done(tiny_study, tmp_path):
    answer = ganray("plan", tiny_study, "--store", tmp_path / "store", "--json")
    assert answer.code == 0
    assert not (tmp_path / "store").exists()
    tasks = answer.json["tasks"]
    assert {row["address"].split("/")[0] for row in tasks} == set(KINDS)
    assert not any(row["stored"] for row in tasks)
    for row in tasks:
        assert len(row["address"].split("/")[1]) == 32
        if row["address"].split("/")[0] in ("train", "encoder", "search", "sample", "embed"):
            assert row["flops"] > 0
    for quantity in ("flops", "seconds", "bytes"):
        assert answer.json["left"][quantity] > 0
    assert answer.json["left"]["bytes"] == sum(row["bytes"] for row in tasks)
    assert answer.json["run"] == f"tiny-{answer.json['hash'][:12]}"


def test_the_plan_marks_what_is_stored(finished):
    before = files_below(finished.url)
    answer = ganray("plan", finished.file, "--store", finished.url, "--json")
    assert all(row["stored"] for row in answer.json["tasks"])
    assert answer.json["left"] == {"flops": 0.0, "seconds": 0.0, "bytes": 0}
    longer = ("--set", "search.restarts=4")
    tasks = ganray("plan", finished.file, "--store", finished.url, *longer, "--json").json["tasks"]
    assert {row["task"] for row in tasks if not row["stored"]} == {
        *("search joint r0", "search class 0 r0")
    }
    text = ganray("plan", finished.file, "--store", finished.url, *longer).out
    assert text.count("stored  ") == len(tasks) - 2
    assert files_below(finished.url) == before


@pytest.mark.parametrize(
    ("change", "kind", "share"),
    [
        ("search.restarts=4", "search", 1 / 4),  # four chunks are stored, and this is the fifth
        ("search.restarts=9", "search", 7 / 4),
        ("search.restarts=2", "search", 0.0),
        ("budget.iterations=6", "train", 0.5),
        ("budget.iterations=40", "train", 9.0),
        ("evaluate.samples=40", "sample", 0.0),
    ],
)
def test_what_is_changed_is_priced_as_what_it_adds(finished, change, kind, share):
    """Against what the stored task took, of equal chunks or iterations."""

    def costs(*words: str) -> dict[str, dict[str, float]]:
        answer = ganray("plan", finished.file, "--store", finished.url, *words, "--json")
        rows = [row for row in answer.json["tasks"] if row["kind"] == kind]
        assert all(row["stored"] != bool(words) for row in rows if row["task"].startswith(kind))
        return {row["task"]: row for row in rows}

    before, after = costs(), costs("--set", change)
    assert before.keys() == after.keys()
    for title, row in after.items():
        for quantity in ("flops", "bytes") if kind == "search" else ("flops",):
            was = before[title][quantity]
            assert row[quantity] == pytest.approx(share * was, rel=1e-3), (title, quantity)


def test_a_dry_run_shows_the_plan_and_writes_nothing(finished, tmp_path):
    there = ("--store", tmp_path / "store")
    answer = ganray("run", finished.file, *there, "--dry-run", "--json")
    assert answer.code == 0
    assert answer.json["tasks"]
    assert not (tmp_path / "store").exists()
    assert ganray("run", finished.file, *there, "--dry-run").last.endswith("B")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("model.widht=3", ["model", "unknown name 'widht'", "did you mean 'width'?"]),
        ("modle.width=3", ["unknown name 'modle'", "did you mean 'model'?"]),
        ("train.batch=0", ["train.batch (=0)", "greater than or equal to 1"]),
        ("train.penalty=fixed", ["train.penalty (='fixed')", "'as_published' or 'r1'"]),
        ("evaluate.metrics=[cafdd]", ["cafdd", "cafd"]),
        ("study=marginal", ["'marginal'", "marginal_vs_joint"]),
        ("name.first=3", ["--set (='name.first=3')", "no group of settings"]),
        ("width", ["--set (='width')", "path=value"]),
        ("model.width=[3", ["--set (='model.width=[3')"]),
        ("train.batch=41", ["train.batch (=41)", "40 training images of class 0"]),
        ("train.batch=null", ["train.batch (=None)"]),
        ("budget.iterations=-1", ["budget.iterations (=-1)"]),
        ("search.on=[7]", ["search.on", "7"]),
        ("marginals=[[0],[0]]", ["marginals", "no class twice"]),
        ("data.channels=2", ["data.channels"]),
        ("data.size=0", ["data.size"]),
        ("data.source=nowhere.parquet", ["nowhere.parquet"]),
        ("evaluate.samples=61", ["evaluate.samples (=61)", "60"]),
        ("evaluate.encoders=[resnet]", ["evaluate.encoders.0", "unknown name 'resnet'"]),
        ("search.shapes=[smily]", ["'smily'", "did you mean 'smiley'?"]),
        ("resources.device=tpu", ["resources.device (='tpu')"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_setting_is_refused_before_anything_is_written(change, said, tiny_study, tmp_path):
    """By `run` as by `plan`, in the same words."""
    words = (tiny_study, "--store", tmp_path / "store", "--set", change)
    answer = ganray("run", *words, "--runner", "local")
    answer.refused(*said)
    assert ganray("plan", *words).err == answer.err
    assert not (tmp_path / "store").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("caps", [(), ("--set", "cost.max_hours=1")])
def test_a_device_that_is_not_here_is_refused_before_anything_is_written(
    tiny_study, tmp_path, caps
):
    words = (tiny_study, "--runner", "local", "--store", tmp_path / "store", *caps)
    ganray("run", *words, "--set", "resources.device=cuda").refused("resources.device (='cuda')")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "does not exist"),
        ("", "must hold `name: value` lines"),
        ("- a\n- b", "must hold `name: value` lines"),
        ("model: [", "is no YAML"),
        (b"\xff\xfe\x00", "cannot be read"),
        ("study: other", "unknown name 'other'"),
        ("model: 3", "model"),
        ("name: ../evil", "name (='../evil')"),
    ],
    ids=["missing", "empty", "list", "yaml", "binary", "study", "group", "name"],
)
def test_a_wrong_study_file_is_refused(text, said, tmp_path):
    file = tmp_path / "study.yaml"
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    ganray("run", file, "--store", tmp_path / "store").refused(said)
    assert not (tmp_path / "store").exists()


def test_a_folder_is_no_study_file(tmp_path):
    ganray("plan", tmp_path).refused(str(tmp_path), "cannot be read")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--runner", "slurm"], "--runner (='slurm') must be 'local' or 'ray'"),
        (["--runner", "local", "--address", "auto"], "--address (='auto') needs --runner ray"),
        (["--address", "auto", "--store", "here"], "--store (='here') must be an absolute folder"),
        (["--runner", "local", "--store", "gs://bucket"], "'gs://bucket'"),
        (["--runner", "local", "--store", "s3://"], "'s3://'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_options_of_run_are_refused(words, said, tiny_study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ganray("run", tiny_study, *words).refused(said)
    assert list(tmp_path.iterdir()) == []


def test_the_status_of_a_finished_run(finished):
    answer = ganray("status", "tiny", "--store", finished.url, "--json")
    assert answer.code == 0
    assert answer.json["done"] == len(answer.json["tasks"])
    assert {row["state"] for row in answer.json["tasks"]} == {"done"}
    assert answer.json["last_outcome"]["failed"] == {}
    text = ganray("status", answer.json["run"].rpartition("-")[2][:5], "--store", finished.url)
    assert re.search(r"(\d+) of \1 tasks done", text.last)


def test_an_unknown_run_is_refused_with_those_that_there_are(finished, tmp_path):
    for words in (["status"], ["report"], ["sample", "--to", tmp_path / "to"]):
        ganray(*words, "other", "--store", finished.url).refused(
            "run (='other')", "tiny-", finished.url
        )
        ganray(*words, "tiny", "--store", tmp_path / "none").refused("none")
    assert list(tmp_path.iterdir()) == []


def test_the_store_may_be_named_by_the_environment(finished, monkeypatch):
    monkeypatch.setenv("GANRAY_STORE", finished.url)
    assert ganray("status", "tiny").code == 0


def test_the_report_is_rebuilt_from_the_store_alone(copy):
    """In a process that may read neither study file nor data set, nor use Ray."""
    store = Store(copy.url)
    first = {path: store.get(path) for path in store.list("reports/")}
    assert {Path(path).suffix for path in first} == {".html", ".csv", ".parquet"}
    for path in first:
        Path(copy.url, path).unlink()
    forbidden = (
        "import sys; sys.modules['ray'] = None\nfrom ganray.cli import main\nmain(sys.argv[1:])"
    )
    answer = finish(start_python(["-c", forbidden], "report", "tiny", "--store", copy.url))
    assert answer.code == 0, answer.err
    assert answer.last.endswith("/index.html")
    assert Path(answer.last).is_file()
    again = {path: store.get(path) for path in store.list("reports/")}
    assert again.keys() == first.keys()
    for path in first:
        if path.endswith(".csv"):
            assert again[path] == first[path]
