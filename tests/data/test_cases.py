"""Odd data sets as people have them: each is read rightly, or refused in one line.

The makers lie in the folder that GANRAY_TEST_CASES names: `make_cases.CASES`, name → case.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from ganray.data import DatasetSpec, open_source
from ganray.data.pictures.files import read_image
from ganray.errors import RefusedInput

FOLDER = os.environ.get("GANRAY_TEST_CASES", "")


def known_cases():
    if not (Path(FOLDER) / "make_cases.py").is_file():
        return {}
    sys.path.insert(0, FOLDER)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        return importlib.import_module("make_cases").CASES
    finally:
        sys.dont_write_bytecode = before
        sys.path.remove(FOLDER)


CASES = known_cases()


def pictures(source):
    """Split → class → (height, width[, colour]) pictures, as a case's right content."""
    names = source.describe().class_names
    found = {}
    for batch in source.batches():
        images = batch.images.transpose(0, 2, 3, 1)
        images = images[..., 0] if images.shape[-1] == 1 else images
        for label, image in zip(batch.labels, images, strict=True):
            found.setdefault(batch.split, {}).setdefault(names[label], []).append(image)
    return found


def as_split(split, known):
    """Where a picture of `split` counts, among splits of which the source knows `known`."""
    if split in known:
        return split
    return "all" if "all" in known else "train"  # what is set apart comes from there


def gathered(content, known):
    """(split, class) → the bytes of its pictures, sorted."""
    found = {}
    for split, classes in content.items():
        for name, images in classes.items():
            key = (as_split(split, known), name)
            found.setdefault(key, []).extend(np.asarray(image).tobytes() for image in images)
    return {key: sorted(images) for key, images in found.items()}


def attempt(path):
    """What is read, its notes, and the refusal instead, if there is one."""
    try:
        if path.endswith(".png"):
            return read_image(path, (1, 28, 28)), "", ""
        source = open_source(DatasetSpec(source=path))
        return pictures(source), source.describe().notes, ""
    except RefusedInput as refusal:
        return None, "", str(refusal)


@pytest.mark.skipif(not CASES, reason="GANRAY_TEST_CASES names no folder with make_cases.py")
@pytest.mark.parametrize("name", CASES or ["none"])
def test_it_is_read_rightly_or_refused_in_one_line(name, tmp_path):
    try:
        right = CASES.build(tmp_path, name)
    except ImportError as missing:
        pytest.skip(f"the case is written with {missing.name}")
    read, notes, refusal = attempt(str(tmp_path / name))
    if refusal:
        assert "\n" not in refusal
        assert refusal.encode()  # a terminal can show it
    elif name.endswith(".png"):
        np.testing.assert_allclose(read[0], right["all"]["picture"][0], atol=1)
    else:
        assert right is not None, "only a refusal is right"
        assert gathered(read, right) == gathered(right, right)
        assert "note" not in CASES[name].right or notes
