from __future__ import annotations

import subprocess
import sys

import pytest

import ganray.data
from ganray.data import DatasetSpec
from ganray.errors import RefusedInput
from ganray.spec import parse


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": "hdf5"}, r"format \(='hdf5'\): must be one of auto, dataset, emnist"),
        ({"format": 3}, r"format \(=3\): must be one of auto, dataset, emnist"),
        ({"format": None}, r"format \(=None\): must be one of auto"),
        ({"format": ["idx"]}, r"format \(=\['idx'\]\): must be one of auto"),
        ({"held_out": -1}, r"held_out \(=-1\)"),
        ({"test": 0}, r"test \(=0\)"),
        ({"channels": 2}, r"channels \(=2\)"),
        ({"helt_out": 5}, "did you mean 'held_out'"),
    ],
)
def test_wrong_settings_are_refused(values, message):
    with pytest.raises(RefusedInput, match=message):
        parse(DatasetSpec, values, "dataset")


def test_only_what_differs_from_the_defaults_is_hashed():
    assert DatasetSpec().identity() == {}
    assert DatasetSpec(held_out=5).identity() == {"held_out": 5}


def test_specs_load_without_pyarrow_torch_or_ray():
    code = (
        "import sys, ganray.data; ganray.data.DatasetSpec();"
        "assert not {'pyarrow', 'torch', 'ray', 'fsspec'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there():
    for name in ganray.data.__all__:
        assert getattr(ganray.data, name).__name__ if name not in ("SPLITS", "Split") else True
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ganray.data.nothing
