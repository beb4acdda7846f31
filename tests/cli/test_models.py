"""`ganray models`, and `ganray init --model`."""

from __future__ import annotations

import re

import pytest

from ganray.studies import read_study
from ganray.studies.families import families
from ganray.train.algorithms import check_fit
from ganray.train.costs.flops import gan_parameters
from tests.cli.command import ganray

every = pytest.mark.parametrize("name", families())


@every
def test_a_familys_file_is_of_networks_that_its_algorithm_trains(name):
    one = families()[name]
    check_fit(one.model, one.train)
    assert len(one.about) > 20
    assert one.papers


@every
def test_init_writes_a_study_of_it_that_can_be_planned(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ganray("init", "mine", "--model", name)
    study = read_study("mine.yaml")
    one = families()[name]
    settings = study.settings
    if one.told_labels:
        of_images = "translation" if one.model.translates else "siblings"
        expected = of_images if one.model.of_images else "rivals"
        assert settings.study == expected
        sides = {"translation": "translators", "siblings": "modnets"}.get(expected, expected)
        (side,) = getattr(settings, sides)
        assert (side.name, side.model, side.train) == (name, one.model, one.train)
    else:
        assert settings.study == "marginal_vs_joint"
        assert (settings.model, settings.train) == (one.model, one.train)
    assert settings.name == "mine"
    assert one.about.split()[0] in (tmp_path / "mine.yaml").read_text()


def test_one_of_each_kind_is_planned(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("dcgan", "acgan", "vae", "fused_cycle_gan", "pix2pix", "modnet"):
        ganray("init", name, "--model", name)
        assert read_study(f"{name}.yaml").plan().tasks


@pytest.fixture
def few(monkeypatch) -> list[str]:
    """Some of the families, as all take a while."""
    some = {name: families()[name] for name in ("acgan", "dcgan", "vanilla", "vae")}
    monkeypatch.setattr("ganray.studies.families.families", lambda: some)
    return sorted(some)


def test_all_are_listed_with_their_sizes(few):
    lines = ganray("models", "--shape", "3x32x32").out.splitlines()
    assert lines[0].split() == [
        *("family", "networks", "algorithm", "parameters", "draws", "trains", "on", "one", "needs")
    ]
    assert sorted(line.split()[0] for line in lines[1:]) == few
    by_name = {line.split()[0]: line for line in lines[1:]}
    for name in ("dcgan", "vanilla"):
        sizes = gan_parameters((3, 32, 32), families()[name].model)
        assert " + ".join(f"{size:,}" for size in sizes.values()) in by_name[name]
    assert "labels of two classes or more" in by_name["acgan"]
    assert "labels" not in by_name["dcgan"]


def test_a_shape_that_some_cannot_do_is_told_for_each(few):
    answer = ganray("models", "--shape", "30")
    assert "\nvanilla " in answer.out
    assert "\ndcgan " not in answer.out
    assert "dcgan: model.name (='dcgan') makes images whose shorter side is" in answer.out
    assert "of 30×30 it cannot: data.size 28 or 32 would do" in answer.out


def test_one_is_drawn_layer_by_layer():
    out = ganray("models", "info_gan").out
    assert re.search(r"deconv1 +ConvTranspose2d +64×14×14 +131,136", out)
    assert re.search(r"category_head +Linear +10", out) or "critic" in out
    assert re.search(r"here, on 1×28×28: [\d,.]+ real images/s", out)
    assert "model: {name: info_gan}" in out
    found = ganray("models", "cgan", "--classes", "4", "--json").json
    assert found["classes"] == 4
    assert {layer["role"] for layer in found["layers"]} == {"generator", "critic"}
    assert found["images_per_second"] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("models", "dcgn"), "NAME: unknown name 'dcgn'; did you mean 'dcgan'?"),
        (("models", "--shape", "big"), "--shape (='big') must be channels x height x width"),
        (("models", "--shape", "2x28x28"), "shape (=(2, 28, 28)) must be (1 or 3 channels"),
        (("models", "dcgan", "--shape", "30"), "data.size 28 or 32 would do"),
        (("init", "x", "--model", "gna"), "--model: unknown name 'gna'"),
    ],
)
def test_what_there_is_not_is_refused(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ganray(*words).refused(said)
    assert not list(tmp_path.iterdir())
