"""What README, docs and a model card tell to type does what they say."""

from __future__ import annotations

import hashlib
import importlib
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from ganray.models import DefenseGan
from ganray.models.sampler import new_networks
from ganray.tensors import serialise
from tests.stages.stores import copied

ROOT = Path(__file__).parents[1]
SMALLER = {"until=500": "until=1", "width=16": "width=1", "ema=0.98": "ema=0.98, batch=2"}


def blocks(text: str) -> list[str]:
    """The Python in a Markdown text, with less work in it."""
    found = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for long, short in SMALLER.items():
        found = [code.replace(long, short) for code in found]
    return found


@pytest.fixture
def url(tmp_path) -> str:
    """A card and weights of an untrained generator of the published latent size."""
    model = DefenseGan(width=1)
    weights = serialise(new_networks(model, (1, 28, 28), seed=0)["generator"].state_dict())
    digest = hashlib.sha256(weights).hexdigest()
    head = {"model": model.model_dump(), "shape": [1, 28, 28], "weights": {"sha256": digest}}
    (tmp_path / "README.md").write_text(f"---\n{yaml.safe_dump(head)}---\n")
    (tmp_path / "generator.safetensors").write_bytes(weights)
    return str(tmp_path)


def test_the_python_of_the_docs_runs_as_it_stands(
    url, mnist_small_images, tiny_run, tmp_path, monkeypatch
):
    loading, studying, training = blocks((ROOT / "docs" / "using.md").read_text())
    shutil.copy(tiny_run.file, tmp_path / "mystudy.yaml")
    shutil.copy(tiny_run.file.parent / "digits.parquet", tmp_path)
    copied(tiny_run, tmp_path / "ganray-store")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(studying, names)
    assert names["done"].outcome.code == 0
    for images in (mnist_small_images[:4], torch.from_numpy(mnist_small_images[:4])):
        names = {"URL": url, "images": images}
        exec(loading, names)
        generated = names["images"].numpy()  # which weights that are not frozen refuse
        assert generated.shape == (16, 1, 28, 28)
        assert generated.min() >= 0
        assert generated.max() <= 1
        names["images"] = images
        exec(training, names)
        assert names["pictures"].numpy().shape == (16, 1, 28, 28)
        assert np.isfinite(names["pictures"].numpy()).all()


def test_a_card_s_python_runs_as_it_stands(tiny_run):
    manifest = tiny_run.manifest("card/joint/0+1+2/0")
    card = Path(tiny_run.store.url, manifest.file("README.md").path)
    (code,) = blocks(card.read_text())
    names = {"URL": str(card.parent)}
    exec(code, names)
    assert names["images"].numpy().shape == (16, 1, 28, 28)


@pytest.mark.parametrize("name", ["ganray", "ganray.data", "ganray.train", "ganray.models"])
def test_a_package_lists_what_it_exports(name):
    package = importlib.import_module(name)
    assert set(package.__all__) <= set(dir(package))
    for exported in package.__all__:
        assert getattr(package, exported) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = package.nonsense
