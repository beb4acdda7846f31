"""A flat folder of pictures: which studies refuse it, in one line, and which do without labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganray.errors import RefusedInput
from ganray.plan import Plan
from ganray.studies import study_from

CONDITIONAL = {"name": "c", "model": {"name": "conditional"}, "train": {"algorithm": "acgan"}}
MODNET = {"name": "m", "model": {"name": "modnet"}, "train": {"algorithm": "modnet"}}
OF_CLASSES = {
    "marginal_vs_joint": {},
    "budget_curve": {},
    "rivals": {"rivals": [CONDITIONAL]},
    "probing": {},
    "usefulness": {},
    "defence": {},
    "range_audit": {},
    "siblings": {"modnets": [MODNET]},
}
WITH_MARGINALS = ("marginal_vs_joint", "budget_curve", "probing", "usefulness", "defence")
SMALL = {"train": {"batch": 10}, "search": {"on": []}} | {
    "evaluate": {"encoders": ["pixels"], "metrics": ["frechet_distance"], "samples": 6}
}
CLUSTERS = {"split": {"clusters": 2, "encoder": "pixels"}}
WITHOUT = {
    "marginal_vs_joint": CLUSTERS,
    "rivals": CLUSTERS
    | {"rivals": [{"name": "r", "model": {"name": "fully_connected"}, "train": {"batch": 10}}]},
    "probing": CLUSTERS | {"likelihood": {"images": 5}},
    "adagan": {"discriminator": {"batch": 10}},
}


@pytest.fixture(scope="module")
def flat(tmp_path_factory) -> Path:
    from PIL import Image

    folder = tmp_path_factory.mktemp("flat")
    pixels = np.random.default_rng(0).integers(0, 255, (60, 28, 28), np.uint8)
    for place, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{place}.png")
    return folder


def planned(study: str, source: Path, **more) -> Plan:
    return study_from({"study": study, "data": {"source": str(source)}, **more}).plan()


@pytest.mark.parametrize("study", OF_CLASSES)
@pytest.mark.parametrize("marginals", [{}, {"marginals": [["0"], ["1"]]}])
def test_a_study_of_classes_says_what_it_needs_and_what_does_without(study, marginals, flat):
    if marginals and study not in WITH_MARGINALS:
        marginals = {}
    with pytest.raises(RefusedInput) as refused:
        planned(study, flat, **OF_CLASSES[study], **marginals)
    said = str(refused.value)
    assert said.startswith(f"data.source: study {study} needs labelled classes")
    assert "a folder of its own" in said
    assert all(one in said for one in (*WITHOUT, "`split`", "`ganray evaluate`"))
    assert "\n" not in said


@pytest.mark.parametrize("study", WITHOUT)
def test_what_is_said_to_do_without_labels_does(study, flat):
    assert planned(study, flat, **SMALL | WITHOUT[study]).tasks
