"""`ganray evaluate` names options as they were typed where a setting of them is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.command import ganray


@pytest.fixture(scope="module")
def flat(tmp_path_factory) -> Path:
    from PIL import Image

    folder = tmp_path_factory.mktemp("flat")
    for place in range(20):
        Image.fromarray(np.full((8, 8), place, np.uint8)).save(folder / f"{place}.png")
    return folder


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("--channels 2", "error: --channels (=2) must be 1 or 3"),
        ("--size 0", "error: --size (=0) must be from 1 to "),
        ("--samples 1", "error: --samples (=1) must be greater than or equal to 2"),
        ("--samples 99", "error: --samples (=99) must be at most 20, the images of generated.a"),
        ("--metrics kid,foo", "error: --metrics: unknown name 'foo'; "),
        ("--metrics intra_frechet", "error: --metrics (intra_frechet) asks for real labels, "),
        ("--encoders foo", "error: --encoders: unknown name 'foo'; "),
        ("--encoders classifier", "error: --encoders (classifier) learns labelled images, "),
        ("--name A/b", "error: --name (='A/b') must match pattern "),
        ("--train /nope", "error: --train (='/nope') does not exist"),
        ("--generated b=/nope", "error: --generated (='/nope') does not exist"),
        ("--real /nope", "error: --real (='/nope') does not exist"),
        ("--set pictures.channels=2", "error: settings: pictures.channels (=2): "),
        ("--samples 5 --set evaluate.samples=1", "error: settings: evaluate.samples (=1): "),
        (
            "--samples 1 --name A/b",
            "error: --name (='A/b') must match pattern '^[a-z0-9][a-z0-9_.-]{0,63}$'; --samples (",
        ),
    ],
)
def test_a_setting_that_is_refused_is_told_by_its_option(typed, said, flat, tmp_path):
    words = ["evaluate", "--real", str(flat), "--generated", f"a={flat}", "--dry-run"]
    answer = ganray(*words, "--runner", "local", "--store", str(tmp_path), *typed.split())
    assert answer.code == 2
    assert answer.err.startswith(said), answer.err
