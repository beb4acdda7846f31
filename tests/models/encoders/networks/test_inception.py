"""The FID's Inception against straight-line functional code, with weights of the right format."""

from __future__ import annotations

import hashlib

import pytest
import torch
from torch.nn import functional

from ganray.errors import RefusedInput
from ganray.models.encoders.networks.inception import (
    WEIGHTS_SHA256,
    WEIGHTS_URL,
    FIDInception,
    load_inception,
)
from tests.reference import networks as reference


@pytest.fixture(scope="module")
def published_format(tmp_path_factory):
    """A random file of the published format: (path, sha256, state dict)."""
    state = reference.random_state(FIDInception())
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    torch.save(state, path)
    return str(path), hashlib.sha256(path.read_bytes()).hexdigest(), state


@pytest.fixture(scope="module")
def network(published_format):
    return load_inception(*published_format[:2])


def test_it_has_the_published_tensors():
    state = FIDInception().state_dict()
    assert len(state) == 566  # as the published file
    assert sum(t.numel() for n, t in state.items() if not n.endswith("tracked")) == 23_885_392
    shapes = {
        "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
        "Conv2d_4a_3x3.bn.running_var": (192,),
        "Mixed_5b.branch1x1.conv.weight": (64, 192, 1, 1),
        "Mixed_5d.branch_pool.conv.weight": (64, 288, 1, 1),
        "Mixed_6a.branch3x3.conv.weight": (384, 288, 3, 3),
        "Mixed_6b.branch7x7dbl_4.conv.weight": (128, 128, 7, 1),
        "Mixed_6e.branch7x7_2.conv.weight": (192, 192, 1, 7),
        "Mixed_7a.branch7x7x3_4.conv.weight": (192, 192, 3, 3),
        "Mixed_7c.branch3x3_2a.conv.weight": (384, 384, 1, 3),
        "Mixed_7c.branch3x3dbl_3b.conv.weight": (384, 384, 3, 1),
        "fc.weight": (1008, 2048),
        "fc.bias": (1008,),
    }
    assert {name: tuple(state[name].shape) for name in shapes} == shapes


@torch.inference_mode()
def test_it_computes_what_the_straight_line_code_does(network, published_format):
    images = torch.rand(2, 3, 299, 299, generator=torch.Generator().manual_seed(3))
    state = published_format[2]
    features, probabilities = network(images)
    expected = reference.inception(state, 2 * images - 1)
    assert expected.std() > 0.1  # the random weights keep the signal alive
    torch.testing.assert_close(features, expected, rtol=1e-3, atol=1e-3)
    logits = expected @ state["fc.weight"].T
    torch.testing.assert_close(probabilities, logits.softmax(1), rtol=1e-2, atol=1e-5)


@torch.inference_mode()
def test_grey_images_are_repeated_and_answers_have_their_shapes(network):
    grey = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(4))
    features, probabilities = network(grey)
    assert features.shape == (2, network.dimensions) == (2, 2048)
    assert probabilities.shape == (2, network.classes) == (2, 1008)
    assert torch.allclose(probabilities.sum(1), torch.ones(2))
    rgb = network(grey.expand(-1, 3, -1, -1))[0]
    torch.testing.assert_close(features, rgb, rtol=1e-3, atol=1e-3)


def test_the_published_digest_guards_the_published_file(published_format):
    path, digest, _ = published_format
    assert WEIGHTS_URL.rsplit("-", 1)[1] == f"{WEIGHTS_SHA256[:8]}.pth"
    with pytest.raises(RefusedInput, match=f"have sha256 {digest}, not {WEIGHTS_SHA256}"):
        load_inception(path)


def test_the_antialiased_variant_differs_in_resizing_alone():
    torch.manual_seed(0)
    plain, other = FIDInception().eval(), FIDInception(antialiased=True).eval()
    other.load_state_dict(plain.state_dict())
    fitting, large = torch.rand(1, 3, 299, 299), torch.rand(1, 3, 320, 310)

    def apart(a: torch.Tensor, b: torch.Tensor) -> float:
        return float((a - b).norm() / a.norm())

    with torch.inference_mode():
        assert apart(plain(fitting)[0], other(fitting)[0]) < 1e-4
        assert apart(plain(large)[0], other(large)[0]) > 1e-2
        small = functional.interpolate(large, (299, 299), mode="bicubic", antialias=True)
        assert apart(plain(small.clamp(0, 1))[0], other(large)[0]) < 1e-4
