"""A study from Python: the command's own results, as data frames and a report that shows itself."""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import ganray
from ganray.drivers import python
from ganray.drivers.python import FinishedRun
from ganray.errors import RefusedInput
from ganray.models import DefenseGan
from ganray.store import Store
from ganray.text.study_yaml import load
from tests.stages.stores import copied


@pytest.fixture(scope="module")
def done(tiny_run, tmp_path_factory) -> FinishedRun:
    """The tiny study, whose artifacts lie in the store already."""
    store = copied(tiny_run, tmp_path_factory.mktemp("python"))
    return ganray.run(tiny_run.file, store=store.url, runner="local", quiet=True)


def test_tables_are_data_frames(done, tiny_run):
    assert done.failed == {}
    rows = done.comparisons.set_index("metric")
    assert list(rows.index) == ["cafd", "class_divergence", "inception_score"]
    assert set(rows["first"]) == {"marginal"}
    joint, marginal = (
        done.scores.query(f"side == '{side}' and metric == 'cafd' and `class`.isna()")
        for side in ("joint", "marginal")
    )
    difference = marginal["value"].iloc[0] - joint["value"].iloc[0]
    assert rows.loc["cafd", "difference"] == pytest.approx(difference)
    assert rows["low"].isna().all(), "one replicate has no interval"
    assert "one replicate, so no interval" in rows.loc["cafd", "conclusion"]
    assert len(done.tasks) == len(tiny_run.plan.tasks)
    assert set(done.searches["gan"]) == {"joint r0", "class 0 r0"}
    assert "cafd: marginal − joint = " in repr(done)


def test_losses_and_generators_are_had_by_name(done):
    losses = done.losses("joint")
    assert list(losses.columns) == ["critic_loss", "generator_loss"]
    assert list(losses.index) == [1, 2, 3, 4]
    generator = done.generator("0")
    assert generator(torch.zeros(2, 8)).shape == (2, 1, 28, 28)
    for ask in (done.losses, done.generator):
        with pytest.raises(RefusedInput, match="'7'"):
            ask("7")


def test_the_folder_that_one_is_in_may_be_the_store(tiny_run, tmp_path, monkeypatch):
    store = copied(tiny_run, tmp_path / "here")
    monkeypatch.chdir(store.url)
    done = ganray.run(tiny_run.file, store=".", runner="local", quiet=True)
    assert done.store.url == store.url


def test_a_report_shows_itself_in_a_frame_of_its_own(done, tmp_path):
    page = Path(done.report.url).read_text()
    assert done.report.save(tmp_path / "page.html").read_text() == page
    (inner,) = re.findall(r'srcdoc="([^"]*)"', done.report._repr_html_())
    assert html.unescape(inner) == page
    assert repr(done.report) == f"report at {done.report.url}"


def test_settings_may_be_a_mapping_and_are_left_alone(tiny_run, tmp_path, monkeypatch):
    settings = load(tiny_run.file.read_text())
    monkeypatch.chdir(tiny_run.file.parent)
    store = copied(tiny_run, tmp_path)
    before = repr(settings)
    again = ganray.run(
        settings, store=Path(store.url), runner="local", overrides=["name=mine"], quiet=True
    )
    assert repr(settings) == before
    assert again.name.startswith("mine-")
    assert again.outcome.reused == len(tiny_run.plan.tasks)


def test_what_python_writes_otherwise_is_taken_as_a_file_has_it(tiny_run, tmp_path):
    settings = load(tiny_run.file.read_text())
    settings |= {
        "data": {"source": tiny_run.file.parent / "digits.parquet"},
        "model": DefenseGan(width=2, latent=8),
        "marginals": ((np.int64(0),), np.array([1, 2])),
        "replicates": np.int32(1),
    }
    store = copied(tiny_run, tmp_path)
    again = ganray.run(settings, store=store.url, runner="local", quiet=True)
    assert again.plan.id == tiny_run.plan.id
    settings["budget"] = {"iterations": np.bool_(True)}
    with pytest.raises(RefusedInput, match="true and false are not valid here"):
        ganray.run(settings, store=store.url, runner="local")


def test_a_run_is_read_as_it_was_run_though_the_data_are_gone(tiny_run, tmp_path, monkeypatch):
    shutil.copy(tiny_run.file, tmp_path)
    shutil.copy(tiny_run.file.parent / "digits.parquet", tmp_path)
    store = copied(tiny_run, tmp_path / "store")
    done = python.execute

    def removed(*words, **named):
        ended = done(*words, **named)
        (tmp_path / "digits.parquet").unlink()
        return ended

    monkeypatch.setattr(python, "execute", removed)
    again = ganray.run(tmp_path / "tiny.yaml", store=store.url, runner="local", quiet=True)
    assert len(again.comparisons) == 3


def test_frames_are_copies_and_classes_may_be_numbers(done):
    mine = done.comparisons
    mine["conclusion"] = "mine"
    assert "mine" not in set(done.comparisons["conclusion"])
    assert len(done.losses(0)) == 4
    assert isinstance(hash(done), int)


def test_what_failed_is_told_and_the_rest_is_there(tiny_run, tmp_path):
    """A learning rate at which the GANs come to nothing."""
    store = copied(tiny_run, tmp_path, "data", "encoder")
    wild = ["train.learning_rate=1e30"]
    broken = ganray.run(tiny_run.file, store=store.url, runner="local", overrides=wild, quiet=True)
    assert broken.outcome.code in (1, 3)
    assert any("became" in why or "finite" in why for why in broken.failed.values())
    assert broken.scores.empty
    assert broken.comparisons.empty
    with pytest.raises(RefusedInput, match="not trained"):
        broken.losses("joint")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"runner": "slurm"}, r"runner \(='slurm'\) must be 'local' or 'ray'"),
        ({"runner": "local", "address": "auto"}, r"address \(='auto'\) needs runner 'ray'"),
        ({"store": ""}, r"store \(=''\) must be a folder"),
        ({"store": Path()}, r"store \(=.*\) must be a folder"),
        ({"store": None}, r"store \(=None\) must be a folder"),
        ({"store": 3}, r"store \(=3\) must be a folder"),
        ({"store": Path("s3://bucket/p")}, "is a URL: give it as text, not as a Path"),
        ({"store": "s3://key:secret@bucket/p"}, "credentials"),
        ({"overrides": "name=abc"}, r"overrides \(='name=abc'\) must be a list"),
        ({"overrides": [None]}, r"overrides \(=.*None.*\) must be a list"),
        ({"study": None}, r"study \(=None\) must be a study file or settings"),
        ({"study": {"sweep": {}}}, "hold a sweep"),
        ({"overrides": ["budget.iteratons=3"]}, "did you mean 'iterations'"),
    ],
)
def test_what_is_not_valid_is_refused_before_anything_is_done(tiny_run, tmp_path, words, said):
    with pytest.raises(RefusedInput, match=said):
        ganray.run(**({"study": tiny_run.file, "store": tmp_path, "runner": "local"} | words))
    with pytest.raises(RefusedInput, match=r"settings: .*unknown name 'modell'"):
        ganray.run({"modell": {}}, store=tmp_path, runner="local")
    assert Store(str(tmp_path)).list("") == []
