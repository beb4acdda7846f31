"""Settings by the key of a sweep's spec, looked up when a file is read."""

from __future__ import annotations

import json

import pytest
import yaml

from ganray.errors import RefusedInput
from ganray.models import DefenseGan
from ganray.runs.records.spec import SPEC_FILE
from ganray.store import Store
from ganray.studies import read_study
from ganray.studies.presets import PRESETS
from ganray.sweeps import read_sweep
from ganray.train import WganGp

KEY = "0123456789abcdef0123456789abcdef"
TRAIN = {"learning_rate": 3e-4, "schedule": [{"iteration": 2, "beta1": 0.1}]}


@pytest.fixture
def url(tmp_path) -> str:
    """A store with one spec."""
    store = Store(str(tmp_path / "store"))
    content = {
        "train": WganGp(**TRAIN).model_dump(mode="json"),
        "model": DefenseGan(width=5).model_dump(mode="json"),
    }
    attempt = store.claim_attempt(f"spec/{KEY}")
    file = attempt.write(SPEC_FILE, json.dumps(content).encode())
    attempt.commit(f"spec/{KEY}/whole", [file], inputs={}, result={}, record={})
    return store.url


@pytest.fixture
def file(tmp_path):
    """Write a file; returns its path."""

    def write(**content) -> str:
        path = tmp_path / "file.yaml"
        path.write_text(yaml.safe_dump(content))
        return str(path)

    return write


def test_a_study_takes_what_was_chosen(file, url):
    named = {"from": f"spec/{KEY}"}
    settings = read_study(file(train=named, model=named), (), url).settings
    assert settings.train == WganGp(**TRAIN)
    assert settings.model == DefenseGan(width=5)


def test_a_preset_is_its_settings_and_what_stands_beside_counts_more(file):
    fast = WganGp(**PRESETS["train"]["fast"])
    assert fast.kernel == "fused"
    assert read_study(file(train="fast")).settings.train == fast
    assert read_study(file(train={"from": "fast"})).settings.train == fast
    more = read_study(file(train={"from": "fast", "batch": 7}), ("train.ema=0.5",)).settings.train
    assert more == fast.model_copy(update={"batch": 7, "ema": 0.5})


def test_what_stands_beside_counts_more(file, url):
    chosen = read_study(file(train={"from": f"spec/{KEY}/whole", "batch": 7}), (), url).settings
    assert chosen.train == WganGp(**TRAIN, batch=7)
    assert chosen.model == DefenseGan()


def test_an_override_names_a_spec_too(file, url):
    chosen = read_study(file(train={"batch": 7}), [f"train.from=spec/{KEY}"], url).settings
    assert chosen.train == WganGp(**TRAIN, batch=7)


def test_the_values_enter_the_keys_and_not_their_origin(file, url):
    by_name = read_study(file(train={"from": f"spec/{KEY}"}), (), url).plan()
    by_value = read_study(file(train=TRAIN)).plan()
    assert by_name.id == by_value.id


def test_a_sweep_may_begin_from_one(file, url):
    sweep = {"over": {"model.width": {"choice": [2]}}}
    assert read_sweep(file(sweep=sweep, train={"from": f"spec/{KEY}"}), (), url).settings.train


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("spec/abc", f"train.from (='spec/abc') must be a sweep's spec in {{url}}: spec/{KEY}"),
        ("train/abc", "train.from (='train/abc') must be spec/<key>"),
        (3, "train.from (=3) must be spec/<key>"),
    ],
)
def test_names_of_no_spec(file, url, name, said):
    with pytest.raises(RefusedInput) as error:
        read_study(file(train={"from": name}), (), url)
    assert said.format(url=url) in str(error.value)


def test_without_a_store_nothing_is_looked_up(file):
    with pytest.raises(RefusedInput, match="name one by --store"):
        read_study(file(train={"from": f"spec/{KEY}"}))
